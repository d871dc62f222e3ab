import { Equal } from "lucide-react";

/** Whether a value is written plainly or as an expression. */
export function ModeSwitch({
  name,
  mode,
  onMode,
  disabled,
  compact,
}: {
  name: string;
  mode: "literal" | "expression";
  onMode: (mode: "literal" | "expression") => void;
  disabled: boolean;
  compact?: boolean | undefined;
}) {
  if (compact) {
    return (
      <button
        type="button"
        className="form-mode-one"
        aria-label={`Write ${name} as an expression`}
        title={mode === "expression" ? "Write it as a value" : "Write it as an expression"}
        aria-pressed={mode === "expression"}
        disabled={disabled}
        onClick={() => onMode(mode === "expression" ? "literal" : "expression")}
      >
        <Equal size={13} aria-hidden />
      </button>
    );
  }
  return (
    <span className="form-mode" role="group" aria-label={`How ${name} is written`}>
      <button type="button" aria-pressed={mode === "literal"} disabled={disabled} onClick={() => onMode("literal")}>
        Value
      </button>
      <button
        type="button"
        aria-pressed={mode === "expression"}
        disabled={disabled}
        onClick={() => onMode("expression")}
      >
        Expression
      </button>
    </span>
  );
}
