/** Whether the server no longer knows who asks: the session ended while the studio is open. */
import { useSyncExternalStore } from "react";
import { setSessionWatcher } from "./client";

let ended = false;
const watchers = new Set<() => void>();

/** Watch the answers of all calls. */
export function watchSession(): void {
  setSessionWatcher((next) => {
    if (next === ended) return;
    ended = next;
    watchers.forEach((watcher) => watcher());
  });
}

export function useSessionEnded(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => ended,
  );
}
