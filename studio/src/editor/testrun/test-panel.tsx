/** Test the current text with sample or recorded data. Steps can be mocked, and no side effects happen. */
import { type Sample, listSamples } from "@/api/editor";
import { useQuery } from "@tanstack/react-query";
import { FlaskConical, Play, X } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";

import { useMay, useMe } from "@/api/session";
import { Button, ErrorNote, Field, Select, Skeleton, Switch, TextArea } from "@/ui";
import { ApiError } from "@/api/client";
import { flowOf } from "@/model/graph/graph";
import { useEditor } from "../document/store";
import { DryRun } from "./dry-run";
import { MockList } from "./mocks";
import { useTestRun } from "./state";
import { TraceView } from "./trace-view";
import "./testrun.css";

const WORDS: Record<Sample["source"], string> = {
  made_up: "Synthesized",
  event: "Recorded events",
  run: "Earlier runs",
  row: "Rows",
};
const DATA: Record<string, string> = { stripe: "Event", table: "Row before and after" };
const keyOf = (sample: Sample): string =>
  `${sample.source}:${sample.event_id ?? sample.run_id ?? `${sample.index}:${sample.title}`}`;

export function TestPanel({ fromRun }: { fromRun: string | undefined }) {
  const id = useEditor((state) => state.id);
  const saved = useEditor((state) => state.etag);
  const known = useQuery({
    queryKey: ["editor", "samples", id, saved],
    queryFn: ({ signal }) => listSamples(id, signal),
  });
  const chosen = useTestRun((state) => state.chosen);
  const may = useMay("editor");
  const from = useRef<string | undefined>(undefined);
  useEffect(() => {
    // A link from a failed run brings its data along; it is tried at once.
    if (fromRun === undefined || from.current === fromRun) return;
    from.current = fromRun;
    useTestRun.getState().takeRun(fromRun);
    if (may) void useTestRun.getState().run();
  }, [fromRun, may]);
  useEffect(() => {
    const first = known.data?.[0];
    if (first !== undefined && useTestRun.getState().chosen === "") useTestRun.getState().choose(first, keyOf(first));
  }, [known.data]);
  if (!may) return <p className="soft">You need the Editor role to test a workflow.</p>;
  if (known.isPending) return <Skeleton lines={4} />;
  const all = known.data ?? [];
  return (
    <div className="test">
      <StartWith all={all} chosen={chosen} fromRun={fromRun} />
      <LocalStripe />
      <RunButton />
      <Result />
      <MockList />
      <DryRun />
    </div>
  );
}

function TriggerField({ titles, chosen }: { titles: string[]; chosen: number }) {
  return (
    <Field label="Trigger">
      {(attributes) => (
        <Select
          {...attributes}
          value={chosen}
          onChange={(event) => useTestRun.getState().set({ trigger: Number(event.target.value) })}
        >
          {titles.map((title, at) => (
            <option key={at} value={at}>
              {title}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function StartWith({ all, chosen, fromRun }: { all: Sample[]; chosen: string; fromRun: string | undefined }) {
  const lastParsed = useEditor((state) => state.lastParsed);
  const triggers = useMemo(() => (lastParsed === null ? [] : flowOf(lastParsed.data).triggers), [lastParsed]);
  const trigger = useTestRun((state) => state.trigger);
  const data = useTestRun((state) => state.data);
  const recorded = useTestRun((state) => state.recorded);
  const groups = (Object.keys(WORDS) as Sample["source"][])
    .map((source) => ({ source, items: all.filter((entry) => entry.source === source) }))
    .filter((group) => group.items.length > 0);
  const pick = (key: string) => {
    const sample = all.find((entry) => keyOf(entry) === key);
    if (sample !== undefined) useTestRun.getState().choose(sample, key);
    else if (key === "hand") useTestRun.getState().write(data);
  };
  return (
    <>
      {triggers.length > 1 && <TriggerField titles={triggers.map(({ title }) => title)} chosen={trigger} />}
      <Field label="Start with">
        {(attributes) => (
          <Select {...attributes} value={chosen} onChange={(event) => pick(event.target.value)}>
            {fromRun !== undefined && <option value={`run:${fromRun}`}>The data of run {fromRun}</option>}
            {groups.map(({ source, items }) => (
              <optgroup key={source} label={WORDS[source]}>
                {items.map((item) => (
                  <option key={keyOf(item)} value={keyOf(item)}>
                    {item.title}
                  </option>
                ))}
              </optgroup>
            ))}
            <option value="hand">Custom input</option>
          </Select>
        )}
      </Field>
      {recorded === null ? (
        <Field label={DATA[triggers[trigger]?.kind ?? ""] ?? "Inputs"} hint="JSON">
          {(attributes) => (
            <TextArea
              {...attributes}
              mono
              rows={Math.min(12, Math.max(3, data.split("\n").length))}
              value={data}
              onChange={(event) => useTestRun.getState().write(event.target.value)}
            />
          )}
        </Field>
      ) : (
        <p className="soft test-recorded">
          Taken as recorded: <code>{recorded.event_id ?? recorded.run_id}</code>. The same calls get the recorded
          responses.
        </p>
      )}
    </>
  );
}

function LocalStripe() {
  const local = useMe().data?.local_stripe;
  const on = useTestRun((state) => state.local);
  if (!local) return null;
  return (
    <Switch
      label="Send Stripe's calls to the local Stripe"
      checked={on}
      onChange={(next) => useTestRun.getState().set({ local: next })}
    />
  );
}

function RunButton() {
  const running = useTestRun((state) => state.running);
  const broken = useEditor((state) => state.document === null);
  return (
    <Button
      kind="primary"
      icon={<Play aria-hidden />}
      busy={running}
      disabled={broken}
      onClick={() => void useTestRun.getState().run()}
    >
      Run the test
    </Button>
  );
}

function Result() {
  const trace = useTestRun((state) => state.trace);
  const failure = useTestRun((state) => state.failure);
  const old = useEditor((state) => trace !== null && state.text !== useTestRun.getState().tracedText);
  if (failure !== null)
    return (
      <ErrorNote
        compact
        error={new ApiError(0, { code: "test", message: failure.message, hint: failure.hint ?? null })}
      />
    );
  if (trace === null) {
    return (
      <p className="test-nothing">
        <FlaskConical aria-hidden />
        Nothing is stored and nothing is sent: no email, no call, no row. The canvas highlights the path of the run.
      </p>
    );
  }
  return (
    <>
      {old && <p className="test-old">The text changed since this test; run it again.</p>}
      <TraceView trace={trace} />
      <Button size="s" kind="quiet" icon={<X aria-hidden />} onClick={() => useTestRun.getState().clear()}>
        Clear the result
      </Button>
    </>
  );
}
