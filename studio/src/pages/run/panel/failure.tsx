import type { components } from "@/api/schema";
import { Facts, JsonView, Words } from "@/ui";

type Failed = components["schemas"]["Failure"];

/** What went wrong, and what to do. */
export function FailureWords({ failure }: { failure: Pick<Failed, "message" | "hint"> }) {
  return (
    <>
      <p className="run-failure-message">
        <Words text={failure.message} />
      </p>
      {failure.hint && (
        <p className="soft">
          <Words text={failure.hint} />
        </p>
      )}
    </>
  );
}

export function Failure({ failure }: { failure: Failed }) {
  const data = Object.keys(failure.data).length > 0 ? failure.data : null;
  return (
    <div className="failure">
      <FailureWords failure={failure} />
      <Facts
        facts={[
          ["Code", <code key="kind">{failure.kind}</code>],
          [
            "Response",
            <span className="num" key="status">
              HTTP {failure.status}
            </span>,
          ],
          ["Where", failure.where ? <code key="where">{failure.where}</code> : null],
          ["Step", failure.path ? <code key="path">{failure.path}</code> : null],
          ["Retry", failure.retryable ? "Might help: the cause was temporary" : "Retry after fixing the cause"],
        ]}
      />
      {data && <JsonView value={data} label="Facts" />}
    </div>
  );
}
