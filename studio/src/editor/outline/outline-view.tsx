/** The workflow as a list: the same steps and actions without a picture, for screen readers and for narrow windows. */
import { ArrowDown, ArrowUp, CircleAlert, CircleX, Info, Plus, Trash2 } from "lucide-react";
import { useEffect, useMemo } from "react";

import { IconButton } from "@/ui";
import { type Branch, flowOf, type Step } from "@/model/graph/graph";
import { named } from "@/model/graph/layout";
import { moveSteps } from "@/model/editing/operations";
import { type Path, pathKey, samePath } from "@/model/document/path";
import { move, openCatalog, remove } from "@/editor/canvas/state/actions";
import { triggerIcon, verbIcon } from "@/ui/format/verbs";
import { findingsByItem, useCanvas } from "@/editor/canvas/state/state";
import { unmarked } from "@/ui/basics/words";
import { useEditor } from "../document/store";
import "./outline.css";

export function OutlineView({ onOpen }: { onOpen?: (path: Path) => void }) {
  const lastParsed = useEditor((state) => state.lastParsed);
  const check = useEditor((state) => state.check);
  const flow = useMemo(() => (lastParsed === null ? null : flowOf(lastParsed.data)), [lastParsed]);
  useEffect(() => {
    if (flow === null) return;
    const keys = new Set<string>(flow.triggers.map((trigger) => trigger.key));
    const visit = (branch: Branch) => {
      for (const step of branch.steps) {
        keys.add(step.key);
        step.branches.forEach(visit);
      }
    };
    [flow.main, flow.onError].forEach(visit);
    useCanvas.setState({ findings: findingsByItem(check?.diagnostics ?? [], keys) });
  }, [flow, check]);
  if (flow === null) return <p className="outline-none">The file has a syntax error. Fix it in the YAML view.</p>;
  return (
    <div className="outline">
      <h2>Starts with</h2>
      <ul>
        {flow.triggers.map((trigger) => (
          <li key={trigger.key}>
            <Row
              path={trigger.path}
              icon={triggerIcon(trigger.kind)}
              title={trigger.title}
              detail={trigger.detail}
              onOpen={onOpen}
            />
          </li>
        ))}
      </ul>
      <h2>Steps</h2>
      <Steps branch={flow.main} inside="the workflow" onOpen={onOpen} />
      <h2>When the run fails</h2>
      <Steps branch={flow.onError} inside="the failure steps" onOpen={onOpen} />
    </div>
  );
}

type Opens = { onOpen: ((path: Path) => void) | undefined };

function Steps({ branch, inside, onOpen }: { branch: Branch; inside: string } & Opens) {
  const readOnly = useEditor((state) => state.readOnly !== null);
  return (
    <>
      {branch.steps.length > 0 && (
        <ol>
          {branch.steps.map((step, at) => (
            <li key={step.key}>
              <StepRow step={step} at={at} of={branch.steps.length} onOpen={onOpen} />
              {step.branches.map((inner) => (
                <section key={inner.key} className="outline-branch" aria-label={`${inner.label} of ${named(step)}`}>
                  <h3>{inner.word === null ? inner.label : `${inner.label}: ${inner.word}`}</h3>
                  <Steps branch={inner} inside={`“${inner.label}” of ${named(step)}`} onOpen={onOpen} />
                </section>
              ))}
            </li>
          ))}
        </ol>
      )}
      {!readOnly && (
        <button
          type="button"
          className="outline-add"
          aria-label={`Add a step to ${inside}`}
          onClick={() => openCatalog({ list: branch.path, index: branch.steps.length })}
        >
          <Plus aria-hidden /> Add a step
        </button>
      )}
    </>
  );
}

function StepRow({ step, at, of, onOpen }: { step: Step; at: number; of: number } & Opens) {
  const readOnly = useEditor((state) => state.readOnly !== null);
  const list = step.path.slice(0, -1);
  const shift = (index: number) => {
    const data = useEditor.getState().document?.data;
    if (data !== undefined && moveSteps(data, [step.path], { list, index }).length > 0)
      void move([step.path], { list, index });
  };
  return (
    <div className="outline-row">
      <Row
        path={step.path}
        icon={verbIcon(step.verb)}
        title={step.name ?? `${step.verb ?? ""} ${step.title}`}
        detail={[step.id, step.detail].filter(Boolean).join(" · ")}
        onOpen={onOpen}
      />
      {!readOnly && (
        <span className="outline-tools">
          <IconButton size="s" label={`Move ${named(step)} up`} disabled={at === 0} onClick={() => shift(at - 1)}>
            <ArrowUp aria-hidden />
          </IconButton>
          <IconButton
            size="s"
            label={`Move ${named(step)} down`}
            disabled={at === of - 1}
            onClick={() => shift(at + 2)}
          >
            <ArrowDown aria-hidden />
          </IconButton>
          <IconButton size="s" label={`Delete ${named(step)}`} onClick={() => void remove([step.path])}>
            <Trash2 aria-hidden />
          </IconButton>
        </span>
      )}
    </div>
  );
}

function Row({
  path,
  icon: Icon,
  title,
  detail,
  onOpen,
}: { path: Path; icon: typeof Plus; title: string; detail: string } & Opens) {
  const selected = useEditor((state) => samePath(state.selected, path));
  const finding = useCanvas((state) => state.findings.get(pathKey(path)));
  const Mark = finding?.severity === "error" ? CircleX : finding?.severity === "warning" ? CircleAlert : Info;
  return (
    <button
      type="button"
      className="outline-step"
      aria-pressed={selected}
      onClick={() => {
        useEditor.getState().select(path);
        onOpen?.(path);
      }}
    >
      <Icon aria-hidden />
      <span className="outline-title">{title}</span>
      <span className="outline-detail">{detail}</span>
      {finding !== undefined && (
        <span className={`flow-finding flow-${finding.severity}`}>
          <Mark aria-hidden />
          <span className="hidden-text">
            {finding.count} {finding.severity}: {unmarked(finding.message)}
          </span>
        </span>
      )}
    </button>
  );
}
