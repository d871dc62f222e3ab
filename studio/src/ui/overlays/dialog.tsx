import * as Alert from "@radix-ui/react-alert-dialog";
import * as Radix from "@radix-ui/react-dialog";
import { X } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { Button, IconButton } from "@/ui/basics/button";
import { ErrorNote } from "@/ui/layout/empty";
import "./dialog.css";

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  /** The buttons at the bottom. */
  footer?: ReactNode;
  size?: "s" | "m" | "l" | "xl";
  /** A sheet slides in at the right edge. */
  side?: boolean;
}

/** The first field if there is one; otherwise the dialog itself: a button in focus would show its tooltip at once. */
function focusInside(event: Event): void {
  const dialog = event.currentTarget as HTMLElement | null;
  if (!dialog) return;
  event.preventDefault();
  const field = dialog.querySelector<HTMLElement>(
    "[data-autofocus], .dialog-body input, .dialog-body textarea, .dialog-body select",
  );
  (field ?? dialog).focus();
}

/** The focus goes back to what opened the dialog, unless what the dialog did has put it elsewhere. */
function useReturn() {
  const opener = useRef<Element | null>(null);
  return {
    remember: () => {
      opener.current = document.activeElement;
    },
    goBack: (event: Event) => {
      event.preventDefault();
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (!lost) return;
      // What the dialog did can have taken its opener away.
      const back = opener.current?.isConnected ? opener.current : document.getElementById("content");
      if (back instanceof HTMLElement) back.focus();
    },
  };
}

export function Dialog({ open, onOpenChange, title, description, children, footer, size = "m", side }: DialogProps) {
  const { remember, goBack } = useReturn();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content
          onOpenAutoFocus={(event) => {
            remember();
            focusInside(event);
          }}
          onCloseAutoFocus={goBack}
          className={side ? `sheet dialog-${size}` : `dialog dialog-${size}`}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="dialog-head">
            <div>
              <Radix.Title asChild>
                <h2>{title}</h2>
              </Radix.Title>
              {description && (
                <Radix.Description asChild>
                  <div className="soft">{description}</div>
                </Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close" size="s">
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="dialog-body">{children}</div>
          {footer && <footer className="dialog-foot">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export interface ConfirmProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  children?: ReactNode;
  /** The word on the button: what is done, "Cancel the run". */
  action: string;
  danger?: boolean;
  onConfirm: () => unknown;
}

/** Asks before an action that can't be undone. Stays open with the error when it fails. */
export function Confirm({ open, onOpenChange, title, children, action, danger, onConfirm }: ConfirmProps) {
  const { remember, goBack } = useReturn();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = (next: boolean) => {
    setError(null);
    onOpenChange(next);
  };
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      close(false);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Alert.Root open={open} onOpenChange={close}>
      <Alert.Portal>
        <Alert.Overlay className="scrim" />
        <Alert.Content
          className="dialog dialog-s"
          onOpenAutoFocus={remember}
          onCloseAutoFocus={goBack}
          {...(children ? {} : { "aria-describedby": undefined })}
        >
          <header className="dialog-head">
            <Alert.Title asChild>
              <h2>{title}</h2>
            </Alert.Title>
          </header>
          {(children || error !== null) && (
            <div className="dialog-body">
              {children && (
                <Alert.Description asChild>
                  <div className="soft">{children}</div>
                </Alert.Description>
              )}
              {error !== null && <ErrorNote error={error} compact />}
            </div>
          )}
          <footer className="dialog-foot">
            <Alert.Cancel asChild>
              <Button>Back</Button>
            </Alert.Cancel>
            <Button kind={danger ? "danger" : "primary"} busy={busy} onClick={() => void confirm()}>
              {action}
            </Button>
          </footer>
        </Alert.Content>
      </Alert.Portal>
    </Alert.Root>
  );
}
