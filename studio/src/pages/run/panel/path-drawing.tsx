/** A small drawing of the workflow, with the path of this run highlighted. It uses the canvas's layout, read-only. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RunDetail } from "@/api/runs";
import type { Branch, Flow } from "@/model/graph/graph";
import type { Item } from "@/model/graph/layout";
import { lineOf } from "@/model/document/line";
import type { Overlay, overlayOf as OverlayFunction } from "@/model/runs/run-overlay";
import { stagesOf } from "@/model/runs/timeline";
import { EmptyState, Skeleton } from "@/ui";

type OverlayOf = typeof OverlayFunction;

/** Around the drawing, in its own units. */
const MARGIN = 12;

export function PathDrawing({ run, flow, loading }: { run: RunDetail; flow: Flow | null; loading: boolean }) {
  const layouts = useQuery({
    queryKey: ["layout-code"],
    queryFn: () => Promise.all([import("@/model/graph/layout"), import("@/model/runs/run-overlay")]),
    staleTime: Infinity,
  }).data;
  if (loading) return <Skeleton lines={4} />;
  if (!flow) return <EmptyState title="The workflow of this version isn't stored" />;
  if (!layouts) return <Skeleton lines={4} />;
  const [{ layoutOf }, { overlayOf }] = layouts;
  const layout = layoutOf(flow, { places: false });
  const { marks, lit } = wayOf(run, flow, overlayOf);
  return (
    <div className="drawing">
      {/* A region that scrolls must be reachable with the keyboard. */}
      <div className="drawing-scroll" tabIndex={0} role="region" aria-label="The path">
        <svg
          style={{ width: Math.round((layout.width + 2 * MARGIN) * 0.7) }}
          viewBox={`${-MARGIN} ${-MARGIN} ${layout.width + 2 * MARGIN} ${layout.height + 2 * MARGIN}`}
          role="img"
          aria-label={`The path through ${run.workflow}: ${run.steps.length} steps`}
        >
          {layout.frames.map((frame) => (
            <rect key={frame.key} {...frame.box} rx={10} className="drawing-frame" />
          ))}
          {layout.wires.map((wire) => (
            <path
              key={wire.key}
              d={lineOf(wire.points)}
              className={wire.needs.every((key) => lit.has(key)) ? "drawing-wire drawing-lit" : "drawing-wire"}
            />
          ))}
          {layout.items.map((item) => (
            <ItemDrawing key={item.key} item={item} status={marks.get(item.key)?.status} lit={lit.has(item.key)} />
          ))}
        </svg>
      </div>
      <Link to="/workflows/$id" params={{ id: run.workflow }} search={{ run: run.id }} className="link">
        Open in the editor
      </Link>
    </div>
  );
}

/** How the run went through the workflow: a mark for each step that ran, and the keys of all on its way. */
function wayOf(
  run: RunDetail,
  flow: Flow,
  overlayOf: OverlayOf,
): { marks: Overlay["marks"]; lit: ReadonlySet<string> } {
  const failed = run.failure?.path;
  const trace = run.steps.map((step) => ({ path: step.path, status: step.status }));
  if (failed && !trace.some((step) => step.path === failed)) trace.push({ path: failed, status: "failed" });
  // A call is not recorded itself; its steps are.
  const known = new Set(trace.map((step) => step.path));
  for (const step of run.steps) {
    for (const call of stagesOf(step.path).filter((_, at, all) => all[at + 1]?.label === "call")) {
      if (!known.has(call.path)) trace.push({ path: call.path, status: "succeeded" });
      known.add(call.path);
    }
  }
  const { marks, lit: entered } = overlayOf(flow, trace, { trigger: run.trigger_index });
  const lit = new Set(entered);
  const last = flow.main.steps.at(-1);
  const returned = run.status === "succeeded" && run.outcome !== "filtered" && !endsEarly(flow.main, lit);
  if (last?.verb === "return" && returned) lit.add(last.key);
  passed(flow.main, lit);
  return { marks, lit };
}

const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function ItemDrawing({ item, status, lit }: { item: Item; status: string | undefined; lit: boolean }) {
  const { x, y, width, height } = item.box;
  const baseline = y + height / 2 + 5;
  if (item.kind === "label") {
    return (
      <text x={x + width / 2} y={baseline} className="drawing-label">
        {shortened(item.branch.label, 22)}
      </text>
    );
  }
  if (item.kind !== "step" && item.kind !== "trigger") return null;
  const title =
    item.kind === "trigger"
      ? item.trigger.title
      : item.step.name || item.step.id || item.step.title || item.step.verb || "";
  return (
    <g className={["drawing-card", lit && "drawing-lit", status && `drawing-${status}`].filter(Boolean).join(" ")}>
      <rect {...item.box} rx={8} />
      <text x={x + 14} y={baseline}>
        {shortened(title, 32)}
      </text>
    </g>
  );
}

/** Whether an entered branch contains a `return`: then the run might not have reached the last step of the file. */
function endsEarly(branch: Branch, lit: ReadonlySet<string>): boolean {
  return branch.steps.some((step) =>
    step.branches.some(
      (inner) => lit.has(inner.key) && (inner.steps.some((step) => step.verb === "return") || endsEarly(inner, lit)),
    ),
  );
}

const SILENT = new Set(["let", "filter", "if", "switch", "try"]);

/** Steps that record nothing were on the way when a step behind them was. */
function passed(branch: Branch, lit: Set<string>): void {
  branch.steps.forEach((step) => step.branches.forEach((inner) => passed(inner, lit)));
  const last = branch.steps.findLastIndex((step) => lit.has(step.key));
  for (const step of branch.steps.slice(0, Math.max(0, last)))
    if (step.verb && SILENT.has(step.verb)) lit.add(step.key);
}
