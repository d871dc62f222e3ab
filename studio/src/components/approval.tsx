/** An approval that a run waits for, with the buttons that decide it. */
import { asText } from "@/model/document/text";
import { Check, UserCheck, X } from "lucide-react";
import { useState } from "react";
import { useRunActions, type Waiting } from "@/api/runs";
import { useMayDecide } from "@/api/session";
import { Button, Card, ErrorNote, Facts, Input, JsonView, Time, toast } from "@/ui";
import "./approval.css";

/** What the decision is about: plain values as a list, anything deeper as a tree. */
function About({ data }: { data: Record<string, unknown> }) {
  const entries = Object.entries(data);
  if (entries.length === 0) return null;
  if (entries.some(([, value]) => typeof value === "object" && value !== null))
    return <JsonView value={data} label="Details" />;
  return (
    <div className="approval-data">
      <Facts
        facts={entries.map(([name, value]) => [
          name.replaceAll("_", " "),
          value === null || value === undefined ? "–" : asText(value),
        ])}
      />
    </div>
  );
}

interface ApprovalDetails {
  title?: string;
  roles?: string[];
  data?: Record<string, unknown> | null;
}

export function Approval({ run, wait }: { run: string; wait: Pick<Waiting, "path" | "details" | "until"> }) {
  const { decide } = useRunActions(run);
  const details = wait.details as ApprovalDetails;
  const may = useMayDecide(details.roles ?? []);
  const [note, setNote] = useState("");
  const answer = (approved: boolean) =>
    decide.mutate(
      { path: wait.path, approved, ...(note ? { note } : {}) },
      { onSuccess: () => toast({ title: approved ? "Approved. The run continues." : "Declined. The run continues." }) },
    );
  return (
    <Card className="approval">
      <div className="approval-head">
        <UserCheck aria-hidden />
        <div>
          <h2>{details.title ?? "Approve this step?"}</h2>
          <p className="soft">
            {details.roles && details.roles.length > 0 && <>For {details.roles.join(" or ")}. </>}
            {wait.until && (
              <>
                Expires <Time at={wait.until} />.
              </>
            )}
          </p>
        </div>
      </div>
      {details.data && <About data={details.data} />}
      {decide.error && <ErrorNote error={decide.error} compact />}
      {may && (
        <div className="approval-foot">
          <Input
            aria-label="Note"
            placeholder="A note (optional)"
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
          <Button icon={<X aria-hidden />} busy={decide.isPending} onClick={() => answer(false)}>
            Decline
          </Button>
          <Button kind="primary" icon={<Check aria-hidden />} busy={decide.isPending} onClick={() => answer(true)}>
            Approve
          </Button>
        </div>
      )}
    </Card>
  );
}
