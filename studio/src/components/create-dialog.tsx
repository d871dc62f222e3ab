/** A dialog with a form that creates one thing. */
import { useId, type ReactNode } from "react";
import { Button, Dialog, ErrorNote } from "@/ui";

export interface CreateDialogProps {
  title: string;
  size?: "s";
  /** Whether something keeps it from being created. */
  disabled?: boolean;
  /** The request that creates it. */
  request: { isPending: boolean; error: Error | null };
  onSubmit: () => void;
  close: () => void;
  children: ReactNode;
}

export function CreateDialog({ title, size, disabled, request, onSubmit, close, children }: CreateDialogProps) {
  const form = useId();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      {...(size && { size })}
      title={title}
      footer={
        <>
          <Button onClick={close}>Back</Button>
          <Button kind="primary" type="submit" form={form} busy={request.isPending} disabled={disabled === true}>
            Create
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        {request.error && <ErrorNote error={request.error} compact />}
      </form>
    </Dialog>
  );
}
