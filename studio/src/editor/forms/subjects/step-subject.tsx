import type { Operation } from "@/api/editor";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { isMap, pathKey, type Path, samePath } from "@/model/document/path";
import { Input } from "@/ui";
import { useEditor } from "../../document/store";
import { plain } from "../../assist/doc-text";
import { verbIcon } from "@/ui/format/verbs";
import type { Catalog } from "../../assist/assist";
import { useChanges, useEditable, useFindings, useValue } from "../changes";
import { Problem } from "../problem";
import { useDraft } from "../draft";
import { idProblem, namesOfTriggers, stepIds, verbOf } from "../../form-model/steps";
import { entriesOf } from "../../form-model/verbs";
import { Finding } from "../row";
import { EntryField } from "./verb-fields";

/** The form of one step. */
export function StepSubject({ path, catalog }: { path: Path; catalog: Catalog }) {
  const step = useValue(path);
  const verb = verbOf(step);
  const entry = catalog.verbs.find((candidate) => candidate.verb === verb);
  const own = useFindings(path, false);
  if (!isMap(step)) return <p className="form-empty">This step no longer exists.</p>;
  const Icon = verbIcon(verb);
  const entries = verb === null || entry === undefined ? [] : entriesOf(verb, entry.schema);
  const main = entries.filter((entry) => entry.section === "main");
  const options = entries.filter((entry) => entry.section === "options");
  return (
    <>
      <header className="form-head">
        <div className="form-head-line">
          <h2>
            <Icon aria-hidden />
            {verb === null ? "A step without a verb" : <span className="mono">{verb}</span>}
          </h2>
          <StepId path={path} step={step} />
        </div>
        {entry ? (
          <p className="form-doc">
            {plain(entry.doc)}{" "}
            {entry.value ? <span className="form-result">Its value: {lower(plain(entry.value))}</span> : null}
          </p>
        ) : null}
        {own.map((problem, at) => (
          <Finding key={at} finding={problem} />
        ))}
      </header>
      {verb === null ? (
        <p className="form-empty">This step has no verb. Choose one in the text, or replace the step on the canvas.</p>
      ) : null}
      <div className="form-fields">
        {main.map((entry) => (
          <EntryField key={entry.key} entry={entry} step={step} verb={verb ?? ""} path={path} catalog={catalog} />
        ))}
      </div>
      {options.length > 0 ? (
        <Options entries={options} step={step} verb={verb ?? ""} path={path} catalog={catalog} />
      ) : null}
    </>
  );
}

function lower(text: string): string {
  return /^[A-Z][a-z ]/.test(text) && !text.startsWith("Stripe") ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

function Options({
  entries,
  step,
  verb,
  path,
  catalog,
}: {
  entries: ReturnType<typeof entriesOf>;
  step: Record<string, unknown>;
  verb: string;
  path: Path;
  catalog: Catalog;
}) {
  const set = entries.filter((entry) => Object.hasOwn(step, entry.key));
  const below = useFindings(path, true);
  const flagged = below.some((finding) => set.some((entry) => finding.path[path.length] === entry.key));
  const [open, setOpen] = useState(set.length > 0);
  return (
    <section className="form-options-section">
      <button
        type="button"
        className="form-section-button"
        aria-expanded={open || flagged}
        onClick={() => setOpen(!open)}
      >
        <ChevronRight size={14} aria-hidden className={open || flagged ? "form-turned" : undefined} />
        Options
        <span className="form-type">
          {set.length > 0 ? set.map((entry) => entry.key).join(", ") : entries.map((entry) => entry.key).join(", ")}
        </span>
      </button>
      {open || flagged ? (
        <div className="form-fields">
          {entries.map((entry) => (
            <EntryField key={entry.key} entry={entry} step={step} verb={verb} path={path} catalog={catalog} />
          ))}
        </div>
      ) : null}
    </section>
  );
}

/** The step's id. Another one is written into every expression that reads it. */
function StepId({ path, step }: { path: Path; step: Record<string, unknown> }) {
  const changes = useChanges();
  const editable = useEditable();
  const id = useEditor((state) => state.id);
  const document = useEditor((state) => state.document);
  const selected = useEditor((state) => state.selected);
  const now = typeof step["id"] === "string" ? step["id"] : "";
  const findings = useFindings([...path, "id"], true);
  const draft = useDraft({
    name: `${id}/${pathKey(path)}/id`,
    shown: now,
    read: (text) => {
      const problem = idProblem(
        text.trim(),
        stepIds(document?.data).filter((stepId) => stepId !== now),
        namesOfTriggers(document?.data),
      );
      return problem === null ? { ok: true, value: text.trim() } : { ok: false, message: problem };
    },
    commit: async (next) => {
      if (next === now) return true;
      if (next === "") return changes.remove([...path, "id"], `Remove the id ${now}`, path.length);
      const keep = samePath(selected, path) ? path : undefined;
      const operation: Operation =
        now === "" ? { op: "set", path: [...path, "id"], value: next } : { op: "rename_step", path, to: String(next) };
      return changes.run(
        [operation],
        now === "" ? `Name the step ${String(next)}` : `Rename ${now} to ${String(next)}`,
        keep,
      );
    },
  });
  return (
    <div className="form-id">
      <label htmlFor="form-step-id">id</label>
      <Input
        mono
        id="form-step-id"
        value={draft.text}
        readOnly={!editable}
        placeholder="none"
        aria-invalid={draft.problem !== null || findings.length > 0}
        title={
          now === ""
            ? "Expressions read its value by this name."
            : "Changing it updates every expression that reads it."
        }
        onChange={(event) => draft.hold(event.target.value)}
        onBlur={draft.leave}
        onKeyDown={(event) => {
          if (event.key === "Enter") draft.leave();
        }}
      />
      <Problem text={draft.problem} />
      {findings.map((finding, at) => (
        <Finding key={at} finding={finding} />
      ))}
    </div>
  );
}
