/** The toasts in the corner; errors stay longer. */
import * as Radix from "@radix-ui/react-toast";
import type { ReactNode } from "react";
import { CircleCheck, CircleX, X } from "lucide-react";
import { useToasts } from "./toast-store";
import { Words } from "@/ui/basics/words";
import "./toast.css";

const marked = (content: ReactNode): ReactNode => (typeof content === "string" ? <Words text={content} /> : content);

export function Toasts() {
  const [all, dismiss] = useToasts();
  return (
    <Radix.Provider swipeDirection="right" label="Notifications">
      {all.map((toast) => (
        <Radix.Root
          key={toast.id}
          className="toast"
          duration={toast.tone === "bad" ? 20_000 : 4500}
          onOpenChange={(open) => !open && dismiss(toast.id)}
        >
          {toast.tone === "bad" ? (
            <CircleX aria-hidden className="toast-bad" />
          ) : (
            <CircleCheck aria-hidden className="toast-good" />
          )}
          <div>
            <Radix.Title className="toast-title">{marked(toast.title)}</Radix.Title>
            {toast.detail && <Radix.Description className="soft">{marked(toast.detail)}</Radix.Description>}
            {toast.action && (
              <Radix.Action altText={toast.action.label} asChild>
                <button type="button" className="toast-action" onClick={toast.action.run}>
                  {toast.action.label}
                </button>
              </Radix.Action>
            )}
          </div>
          <Radix.Close className="copy" aria-label="Dismiss">
            <X aria-hidden />
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="toasts" />
    </Radix.Provider>
  );
}
