/** The lines between steps and the frames around branches, as one drawing below the cards. */
import { ViewportPortal } from "@xyflow/react";
import { memo } from "react";

import type { Layout, Wire } from "@/model/graph/layout";
import { lineOf } from "@/model/document/line";
import { useCanvas } from "@/editor/canvas/state/state";

const Line = memo(function Line({ wire }: { wire: Wire }) {
  const way = useCanvas((state) => {
    const lit = state.overlay?.lit;
    return lit === undefined || lit.size === 0
      ? ""
      : wire.needs.every((key) => lit.has(key))
        ? " flow-wire-lit"
        : " flow-wire-dim";
  });
  return <path className={`flow-wire${way}`} d={lineOf(wire.points)} />;
});

export const Wires = memo(function Wires({ layout }: { layout: Layout }) {
  return (
    <ViewportPortal>
      <svg className="flow-wires" width={Math.max(layout.width, 1)} height={Math.max(layout.height, 1)} aria-hidden>
        {layout.frames.map(({ key, box, tone }) => (
          <rect
            key={key}
            className={`flow-frame flow-frame-${tone}`}
            x={box.x}
            y={box.y}
            width={box.width}
            height={box.height}
            rx={10}
          />
        ))}
        {layout.wires.map((wire) => (
          <Line key={wire.key} wire={wire} />
        ))}
      </svg>
    </ViewportPortal>
  );
});
