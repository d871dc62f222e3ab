/** Beside the views: the selected step's form, what is wrong, test runs, versions. */
import { Tabs } from "../ui";
import { StepForm } from "./forms/StepForm";
import { Problems } from "./problems/Problems";
import { useEditor } from "./store";
import { TestPanel } from "./testrun/TestPanel";
import { VersionsPanel } from "./versions/VersionsPanel";

export function SidePanel({ panel, onPanel, fromRun }: { panel: string | undefined; onPanel: (panel: string) => void; fromRun: string | undefined }) {
  const findings = useEditor((state) => state.check?.diagnostics.length ?? 0);
  return (
    <aside className="editor-side" aria-label="Details">
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
