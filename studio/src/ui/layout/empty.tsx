/** What a page shows when it is empty, loads, or failed. */
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/ui/basics/button";
import { errorDetails } from "@/ui/format/error-details";
import { CopyButton } from "@/ui/content/text";
import { Words } from "@/ui/basics/words";
import "./empty.css";

export function EmptyState({
  icon: Icon,
  title,
  children,
  action,
  command,
}: {
  icon?: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  command?: string;
}) {
  return (
    <div className="empty">
      {Icon && (
        <span className="empty-icon">
          <Icon aria-hidden />
        </span>
      )}
      <h2>{title}</h2>
      {children && <div className="empty-text">{children}</div>}
      {command && <Command text={command} />}
      {action && <div className="empty-action">{action}</div>}
    </div>
  );
}

/** A command for the terminal, with a copy button. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>
        <span aria-hidden>$ </span>
        {text}
      </code>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}

/** Gray lines in place of the content that is loading. */
export function Skeleton({ lines = 6 }: { lines?: number }) {
  return (
    <div className="skeleton" role="status">
      <span className="hidden-text">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} aria-hidden style={{ width: `${92 - ((index * 17) % 46)}%` }} />
      ))}
    </div>
  );
}

/** An error with its hint, and what can be done. */
export function ErrorNote({ error, retry, compact }: { error: unknown; retry?: () => void; compact?: boolean }) {
  const { message, hint, requestId } = errorDetails(error);
  return (
    <div className={compact ? "error-note error-note-compact" : "error-note"} role="alert">
      <CircleAlert aria-hidden />
      <div>
        <p className="error-note-message">
          <Words text={message} />
        </p>
        {hint && (
          <p className="soft">
            <Words text={hint} />
          </p>
        )}
        {requestId && !compact && (
          <p className="faint">
            Request <code>{requestId}</code>
          </p>
        )}
        {retry && (
          <Button size="s" onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}
