/** The workflow in small, with the way this run took lit. The canvas's own layout, as a drawing that is only looked at. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RunDetail } from "../../api/runs";
import type { Flow } from "../../model/graph";
import { EmptyState, Skeleton } from "../../ui";

export function PathDrawing({ run, flow }: { run: RunDetail; flow: Flow | null }) {
  const layouts = useQuery({
    queryKey: ["layout-code"],
    queryFn: () => Promise.all([import("../../model/layout"), import("../../model/overlay")]),
    staleTime: Infinity,
  }).data;
  if (!flow) return <EmptyState title="The workflow of this version is not kept" />;
  if (!layouts) return <Skeleton lines={4} />;
  const [{ layoutOf, lineOf }, { overlayOf }] = layouts;
  const layout = layoutOf(flow, { places: false });
  const failed = run.failure?.path;
  const trace = run.steps.map((step) => ({ path: step.path, status: step.status }));
  if (failed && !trace.some((step) => step.path === failed)) trace.push({ path: failed, status: "failed" });
  const overlay = overlayOf(flow, trace, { trigger: run.trigger_index });
  const pad = 12;
  return (
    <div className="drawing">
      <svg viewBox={`${-pad} ${-pad} ${layout.width + 2 * pad} ${layout.height + 2 * pad}`} role="img" aria-label={`The path through ${run.workflow}: ${run.steps.length} steps`}>
        {layout.frames.map((frame) => (
          <rect key={frame.key} {...frame.box} rx={10} className="drawing-frame" />
        ))}
        {layout.wires.map((wire) => (
          <path key={wire.key} d={lineOf(wire.points)} className={wire.needs.every((key) => overlay.lit.has(key)) ? "drawing-wire drawing-lit" : "drawing-wire"} />
        ))}
        {layout.items.map((item) => {
          if (item.kind !== "step" && item.kind !== "trigger") return null;
          const mark = overlay.marks.get(item.key);
          const lit = overlay.lit.has(item.key);
          const title = item.kind === "trigger" ? item.trigger.title : (item.step.name ?? item.step.id ?? item.step.title);
          return (
            <g key={item.key} className={["drawing-card", lit && "drawing-lit", mark && `drawing-${mark.status}`].filter(Boolean).join(" ")}>
              <rect {...item.box} rx={8} />
              <text x={item.box.x + 14} y={item.box.y + item.box.height / 2 + 5}>
                {title.length > 32 ? `${title.slice(0, 31)}…` : title}
              </text>
            </g>
          );
        })}
      </svg>
      <Link to="/workflows/$id" params={{ id: run.workflow }} search={{ run: run.id }} className="link">
        Open in the editor
      </Link>
    </div>
  );
}
