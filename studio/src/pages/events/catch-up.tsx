/** Fetches missed events from Stripe, and shows the result of the last check. */
import { useCatchUp, useLastCatchUp } from "@/api/events";
import { Button, Dialog, ErrorNote, Facts, Time } from "@/ui";

export function CatchUpDialog({ close }: { close: () => void }) {
  const last = useLastCatchUp();
  const look = useCatchUp();
  const report = look.data ?? last.data?.report;
  const at = look.data ? null : last.data?.at;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title="Catch up"
      description="Fetches the events that Stripe has and Payloom missed, and processes them like webhooks."
      footer={
        <>
          <Button onClick={close}>Close</Button>
          <Button kind="primary" busy={look.isPending} onClick={() => look.mutate()}>
            Check now
          </Button>
        </>
      }
    >
      {look.error && <ErrorNote error={look.error} compact />}
      {report ? (
        <div role="status">
          <Facts
            facts={[
              ["Last checked", look.data ? "just now" : <Time at={at} key="at" />],
              ["Since", report.since ? <Time at={report.since} exact key="since" /> : null],
              [
                "Checked",
                <span className="num" key="seen">
                  {report.seen}
                </span>,
              ],
              [
                "Recovered",
                <span className="num" key="stored">
                  {report.stored === 0 ? "none" : report.stored}
                </span>,
              ],
              [
                "Rejected",
                report.refused > 0 ? (
                  <span className="num" key="refused">
                    {report.refused}
                  </span>
                ) : null,
              ],
            ]}
          />
        </div>
      ) : (
        <p className="faint">No check since the server started.</p>
      )}
    </Dialog>
  );
}
