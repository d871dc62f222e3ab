/** Placeholder while the panel grows: runs the sample. */
import { Button } from "../../ui";
import { useTestRun } from "./state";

export function TestPanel({ fromRun }: { fromRun: string | undefined }) {
  const running = useTestRun((state) => state.running);
  return (
    <Button kind="primary" busy={running} data-from={fromRun} onClick={() => void useTestRun.getState().run()}>
      Run the test
    </Button>
  );
}
