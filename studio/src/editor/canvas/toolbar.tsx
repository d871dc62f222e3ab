/** What can be done on the canvas, in reach of the mouse. */
import { useReactFlow } from "@xyflow/react";
import { Ellipsis, Maximize, Plus, Redo2, Undo2, ZoomIn, ZoomOut } from "lucide-react";

import { Button, IconButton, Menu, MenuItem, MenuLine } from "@/ui";
import type { Path } from "@/model/document/path";
import { useEditor } from "../document/store";
import { openCatalog } from "./state/actions";
import { stepEntries } from "./step-menu";

export function Toolbar({ fit, onOpen }: { fit: () => void; onOpen?: (path: Path) => void }) {
  const { zoomIn, zoomOut } = useReactFlow();
  const readOnly = useEditor((state) => state.readOnly !== null);
  const undo = useEditor((state) => state.past.at(-1)?.label);
  const redo = useEditor((state) => state.future.at(-1)?.label);
  return (
    <div className="flow-toolbar" role="toolbar" aria-label="Canvas">
      {!readOnly && (
        <>
          <Button size="s" icon={<Plus aria-hidden />} onClick={() => openCatalog()}>
            Add step
          </Button>
          <IconButton
            size="s"
            label={undo === undefined ? "Nothing to undo" : `Undo: ${undo}`}
            shortcut="Mod Z"
            disabled={undo === undefined}
            onClick={() => useEditor.getState().undo()}
          >
            <Undo2 aria-hidden />
          </IconButton>
          <IconButton
            size="s"
            label={redo === undefined ? "Nothing to redo" : `Redo: ${redo}`}
            shortcut="Mod Shift Z"
            disabled={redo === undefined}
            onClick={() => useEditor.getState().redo()}
          >
            <Redo2 aria-hidden />
          </IconButton>
        </>
      )}
      <Menu
        align="start"
        trigger={
          <Button size="s" kind="quiet" aria-label="Step actions" className="btn-icon">
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        <MenuEntries onOpen={onOpen} />
      </Menu>
      <span className="flow-toolbar-space" />
      <IconButton size="s" label="Zoom out" onClick={() => void zoomOut()}>
        <ZoomOut aria-hidden />
      </IconButton>
      <IconButton size="s" label="Zoom in" onClick={() => void zoomIn()}>
        <ZoomIn aria-hidden />
      </IconButton>
      <IconButton size="s" label="Show everything" shortcut="0" onClick={fit}>
        <Maximize aria-hidden />
      </IconButton>
    </div>
  );
}

function MenuEntries({ onOpen }: { onOpen?: ((path: Path) => void) | undefined }) {
  return stepEntries(onOpen).map((entry) => (
    <span key={entry.key} role="none">
      {entry.line && <MenuLine />}
      <MenuItem
        icon={entry.icon}
        onSelect={entry.run}
        {...(entry.shortcut ? { shortcut: entry.shortcut } : {})}
        {...(entry.danger ? { danger: true } : {})}
      >
        {entry.label}
      </MenuItem>
    </span>
  ));
}
