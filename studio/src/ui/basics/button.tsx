import { Slot } from "@radix-ui/react-slot";
import { LoaderCircle } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Tooltip } from "./tooltip";
import "./button.css";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "secondary" | "quiet" | "danger";
  size?: "s" | "m";
  icon?: ReactNode;
  /** Shows a spinner and takes no clicks. */
  busy?: boolean;
  /** Give the looks to the only child, for links: `<Button asChild><Link …/></Button>`. */
  asChild?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  kind = "secondary",
  size = "m",
  icon,
  busy,
  asChild,
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  const classes = ["btn", `btn-${kind}`, `btn-${size}`, className].filter(Boolean).join(" ");
  if (asChild) {
    return (
      <Slot className={classes} {...rest}>
        {children}
      </Slot>
    );
  }
  return (
    <button type="button" className={classes} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
      {busy ? <LoaderCircle className="spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon" | "asChild"> {
  /** What it does: the name for screen readers, and the tooltip. */
  label: string;
  children: ReactNode;
  shortcut?: string;
}

export function IconButton({
  label,
  children,
  shortcut,
  kind = "quiet",
  size = "m",
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip text={label} shortcut={shortcut}>
      <Button
        kind={kind}
        size={size}
        aria-label={label}
        className={["btn-icon", className].filter(Boolean).join(" ")}
        {...rest}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
