/** Short news in the corner. `toast({title})` from anywhere; errors show message and hint and stay until closed. */
import * as Radix from "@radix-ui/react-toast";
import { CircleCheck, CircleX, X } from "lucide-react";
import { useSyncExternalStore, type ReactNode } from "react";
import { ApiError } from "../api/client";
import "./toast.css";

export interface News {
  title: ReactNode;
  detail?: ReactNode;
  tone?: "good" | "bad";
  action?: { label: string; run: () => void };
}

let shown: (News & { id: number })[] = [];
let next = 0;
const watchers = new Set<() => void>();
const change = (news: typeof shown) => {
  shown = news;
  watchers.forEach((watcher) => watcher());
};

export function toast(news: News): void {
  change([...shown.slice(-3), { ...news, id: next++ }]);
}

export function toastError(error: unknown): void {
  toast({ tone: "bad", title: error instanceof Error ? error.message : String(error), detail: error instanceof ApiError ? error.hint : undefined });
}

export function Toasts() {
  const all = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => shown,
  );
  return (
    <Radix.Provider swipeDirection="right" label="News">
      {all.map((news) => (
        <Radix.Root key={news.id} className="toast" duration={news.tone === "bad" ? 20_000 : 4500} onOpenChange={(open) => !open && change(shown.filter((one) => one.id !== news.id))}>
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
