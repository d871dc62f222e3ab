/** Whether a value is written plainly or as an expression. */
export function ModeSwitch({ name, mode, onMode, disabled }: { name: string; mode: "literal" | "expression"; onMode(mode: "literal" | "expression"): void; disabled: boolean }) {
  return (
    <span className="form-mode" role="group" aria-label={`How ${name} is written`}>
      <button type="button" aria-pressed={mode === "literal"} disabled={disabled} onClick={() => onMode("literal")}>Value</button>
      <button type="button" aria-pressed={mode === "expression"} disabled={disabled} onClick={() => onMode("expression")}>
        <span aria-hidden>= </span>Expression
      </button>
    </span>
  );
}
