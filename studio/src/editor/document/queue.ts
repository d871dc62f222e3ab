/** Runs what goes to the server one after another; `pending` counts what waits. */
import type { EditorStore } from "./state";

export type Enqueue = <Result>(job: () => Result | Promise<Result>) => Promise<Result>;

export function createQueue({ getState, setState }: EditorStore): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    setState({ pending: getState().pending + 1 });
    const run = last.then(job).finally(() => setState({ pending: getState().pending - 1 }));
    last = run.catch(() => undefined);
    return run;
  };
}
