/** Toasts, the short messages in the corner: stored here, drawn by toast.tsx, which loads later. `toast({title})` works from anywhere. */
import { useSyncExternalStore, type ReactNode } from "react";
import { errorDetails } from "@/ui/format/error-details";

export interface Toast {
  title: ReactNode;
  detail?: ReactNode;
  tone?: "good" | "bad";
  action?: { label: string; run: () => void };
}

let visible: (Toast & { id: number })[] = [];
let next = 0;
const watchers = new Set<() => void>();
const change = (toasts: typeof visible) => {
  visible = toasts;
  watchers.forEach((watcher) => watcher());
};

export function toast(content: Toast): void {
  change([...visible.slice(-3), { ...content, id: next++ }]);
}

export function toastError(error: unknown): void {
  const { message, hint } = errorDetails(error);
  toast({ tone: "bad", title: message, detail: hint });
}

/** The toasts that are shown, and a function that dismisses one. */
export function useToasts(): [typeof visible, (id: number) => void] {
  const all = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => visible,
  );
  return [all, (id) => change(visible.filter((entry) => entry.id !== id))];
}
