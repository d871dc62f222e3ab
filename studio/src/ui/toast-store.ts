/** Short news in the corner: kept here, drawn by toast.tsx, which is loaded later. `toast({title})` works from anywhere. */
import { useSyncExternalStore, type ReactNode } from "react";
import { ApiError } from "../api/client";

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

/** Everything that is shown, and how to take one away. */
export function useNewsShown(): [typeof shown, (id: number) => void] {
  const all = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => shown,
  );
  return [all, (id) => change(shown.filter((one) => one.id !== id))];
}
