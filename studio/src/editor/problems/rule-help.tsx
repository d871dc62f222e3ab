import { create } from "zustand";
import { Code, Dialog } from "@/ui";
import { useCatalog } from "../assist/use-catalog";
import { plain } from "../assist/doc-text";

/** The rule whose help is open; null when none is. */
export const useRuleHelp = create<{ code: string | null }>(() => ({ code: null }));

export function showRule(code: string): void {
  useRuleHelp.setState({ code });
}

/** What a rule of the checker finds, why it matters, and how to fix it. */
export function RuleHelp() {
  const code = useRuleHelp((state) => state.code);
  const rule = useCatalog()?.rules.find((rule) => rule.code === code);
  if (code === null || rule === undefined) return null;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && useRuleHelp.setState({ code: null })}
      title={`${rule.code}: ${rule.title}`}
      description={plain(rule.why)}
      size="l"
    >
      <div className="rule-help">
        <p className="soft">
          {rule.severity === "error"
            ? "Error: Payloom doesn't load the file until you fix it."
            : rule.severity === "warning"
              ? "Warning: Payloom loads the file anyway."
              : "Advice: Payloom loads the file anyway."}
        </p>
        <h3>Found</h3>
        <Code text={rule.wrong.trimEnd()} label="what the rule finds" />
        <h3>Right</h3>
        <Code text={rule.right.trimEnd()} label="how to fix it" />
        <p className="soft">
          To suppress one finding, end its line with <code># payloom: ignore[{rule.code}]</code> and a reason.
        </p>
      </div>
    </Dialog>
  );
}
