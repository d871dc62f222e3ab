import { asText } from "@/model/document/text";
import { pathKey } from "@/model/document/path";
import { useEditor } from "@/editor/document/store";
import { useDraft } from "@/editor/forms/draft";
import { ExpressionField } from "./expression-field";
import type { Read } from "@/editor/form-model/literal";
import { asExpression, expressionIn, modeOf, unwrapped, wrapped } from "@/editor/form-model/values/template";
import type { ControlProps } from "@/editor/forms/control";
import { Problem } from "@/editor/forms/problem";

/** A value that is one expression, or a bare condition. */
export function ExpressionControl({ field, path, value, write, ids, editable }: ControlProps) {
  const id = useEditor((state) => state.id);
  const bare = field.writing === "bare";
  const expression = bare
    ? shownBare(value)
    : modeOf(value) === "expression"
      ? (expressionIn(value) ?? "")
      : asExpression(value);
  const draft = useDraft({
    name: `${id}/${pathKey(path)}/expression`,
    shown: expression,
    read: (text) => read(text, bare),
    commit: write,
  });
  return (
    <>
      <ExpressionField
        path={path}
        text={draft.text}
        onText={draft.type}
        onLeave={draft.leave}
        reading="expression"
        id={ids.id}
        label={field.name}
        describedBy={ids.describedBy}
        invalid={ids.invalid || draft.problem !== null}
        readOnly={!editable}
        hint={field.placeholder || (bare ? "order.amount > 0" : "order.id")}
      />
      <Problem text={draft.problem} />
    </>
  );
}

function shownBare(value: unknown): string {
  return typeof value === "string" ? unwrapped(value) : asText(value ?? "");
}

function read(text: string, bare: boolean): Read {
  const trimmed = unwrapped(text);
  if (trimmed === "") return { ok: false, message: "Enter an expression. Until then, the file keeps its value." };
  if (expressionIn(wrapped(trimmed)) !== trimmed) return { ok: false, message: "A quote or a brace isn't closed." };
  return { ok: true, value: bare ? trimmed : wrapped(trimmed) };
}
