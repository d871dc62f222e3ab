import { useMemo } from "react";
import { nextRuns } from "@/editor/form-model/values/cron";
import { Property, type TriggerPart } from "./trigger-property";

/** The form of a trigger by the clock, with its next runs. */
export function ScheduleTrigger({ path, map, schema }: TriggerPart) {
  const line = typeof map["schedule"] === "string" ? map["schedule"] : "";
  const zone = typeof map["timezone"] === "string" ? map["timezone"] : "UTC";
  const part = { path, map, schema };
  return (
    <>
      <Property
        {...part}
        name="schedule"
        change={{
          kind: "text",
          schema: { type: "string" },
          writing: "plain",
          placeholder: "0 3 * * 1",
          doc: "Minute, hour, day of the month, month, day of the week: 0 3 * * 1 is Mondays at 03:00.",
        }}
      />
      <NextRuns line={line} zone={zone} />
      <Property
        {...part}
        name="timezone"
        change={{
          kind: "choice",
          writing: "plain",
          open: true,
          choices: ZONES,
          doc: "The time zone, for example Europe/Berlin. Default: UTC.",
        }}
      />
      <Property {...part} name="catch_up" change={{ writing: "plain" }} />
    </>
  );
}

const ZONES: string[] = [
  "UTC",
  ...(typeof Intl.supportedValuesOf === "function"
    ? Intl.supportedValuesOf("timeZone")
    : ["Europe/Berlin", "America/New_York"]),
];

function NextRuns({ line, zone }: { line: string; zone: string }) {
  const runs = useMemo(() => nextRuns(line, zone, new Date(), 3), [line, zone]);
  if (runs === null) return null;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    });
  } catch {
    return null;
  }
  return (
    <div className="form-next">
      <h3>Next runs</h3>
      {runs.length === 0 ? (
        <p className="form-empty">None in the next eight years.</p>
      ) : (
        <ol>
          {runs.map((run) => (
            <li key={run.getTime()}>
              <time dateTime={run.toISOString()} className="num">
                {format.format(run)}
              </time>{" "}
              <span className="faint">{zone}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
