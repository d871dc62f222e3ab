/** The news in the corner; errors stay longer. */
import * as Radix from "@radix-ui/react-toast";
import { CircleCheck, CircleX, X } from "lucide-react";
import { useNewsShown } from "./toast-store";
import "./toast.css";

export function Toasts() {
  const [all, dismiss] = useNewsShown();
  return (
    <Radix.Provider swipeDirection="right" label="News">
      {all.map((news) => (
        <Radix.Root key={news.id} className="toast" duration={news.tone === "bad" ? 20_000 : 4500} onOpenChange={(open) => !open && dismiss(news.id)}>
          {news.tone === "bad" ? <CircleX aria-hidden className="toast-bad" /> : <CircleCheck aria-hidden className="toast-good" />}
          <div>
            <Radix.Title className="toast-title">{news.title}</Radix.Title>
            {news.detail && <Radix.Description className="soft">{news.detail}</Radix.Description>}
            {news.action && (
              <Radix.Action altText={news.action.label} asChild>
                <button type="button" className="toast-action" onClick={news.action.run}>
                  {news.action.label}
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

export { toast, toastError } from "./toast-store";
