/** Toasts, the short messages in the corner: stored here, drawn by toast.tsx, which loads later. `toast({title})` works from anywhere. */
import { useSyncExternalStore, type ReactNode } from "react";
import { errorDetails } from "./error-details";

export interface Toast {
  title: ReactNode;
  detail?: ReactNode;
  tone?: "good" | "bad";
  action?: { label: string; run: () => void };
}

let shown: (Toast & { id: number })[] = [];
let next = 0;
const watchers = new Set<() => void>();
const change = (toasts: typeof shown) => {
  shown = toasts;
  watchers.forEach((watcher) => watcher());
};

export function toast(content: Toast): void {
  change([...shown.slice(-3), { ...content, id: next++ }]);
}

export function toastError(error: unknown): void {
  const { message, hint } = errorDetails(error);
  toast({ tone: "bad", title: message, detail: hint });
}

/** The toasts that are shown, and a function that dismisses one. */
export function useToasts(): [typeof shown, (id: number) => void] {
  const all = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => shown,
  );
  return [all, (id) => change(shown.filter((entry) => entry.id !== id))];
}
