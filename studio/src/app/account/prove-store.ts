/** A call that needs a fresh proof waits here until the person gave one, or closed the dialog. */
import { useSyncExternalStore } from "react";

type Answer = (proved: boolean) => void;

let waiting: Answer[] = [];
const watchers = new Set<() => void>();
const change = (next: Answer[]) => {
  waiting = next;
  watchers.forEach((watcher) => watcher());
};

/** Ask for a proof; resolves to whether it was given. Calls that come together share one dialog. */
export function askForProof(): Promise<boolean> {
  return new Promise((resolve) => change([...waiting, resolve]));
}

export function answerProof(proved: boolean): void {
  const answers = waiting;
  change([]);
  answers.forEach((answer) => answer(proved));
}

/** Whether a call waits for a proof. */
export function useProofAsked(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => waiting.length > 0,
  );
}
