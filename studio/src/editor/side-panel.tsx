/** Beside the views: the selected step's form, problems, test runs, versions. */
import type { KeyboardEvent } from "react";

import { Tabs } from "@/ui";
import { pathKey } from "@/model/document/path";
import { focusElement, hasElement } from "./canvas/state/elements";
import { flushFields } from "./forms/draft";
import { StepForm } from "./forms/step-form";
import { Problems } from "./problems/problems";
import { useEditor } from "./document/store";
import { TestPanel } from "./testrun/test-panel";
import { VersionsPanel } from "./versions/versions-panel";

/** Escape moves the focus from the form to its card. */
function backToCanvas(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const { selected } = useEditor.getState();
  const key = selected === null ? null : pathKey(selected);
  if (key === null || !hasElement(key)) return;
  event.preventDefault();
  flushFields();
  focusElement(key);
}

export function SidePanel({
  panel,
  onPanel,
  fromRun,
}: {
  panel: string | undefined;
  onPanel: (panel: string) => void;
  fromRun: string | undefined;
}) {
  const findings = useEditor((state) => state.check?.diagnostics.length ?? 0);
  return (
    <aside className="editor-side" aria-label="Details" onKeyDown={backToCanvas}>
      <Tabs
        label="Details"
        value={panel ?? "step"}
        onChange={onPanel}
        tabs={[
          {
            id: "step",
            label: "Step",
            content: (
              <div id="editor-form">
                <StepForm />
              </div>
            ),
          },
          { id: "problems", label: "Problems", count: findings, content: <Problems /> },
          { id: "test", label: "Test", content: <TestPanel fromRun={fromRun} /> },
          { id: "versions", label: "Versions", content: <VersionsPanel /> },
        ]}
      />
    </aside>
  );
}
