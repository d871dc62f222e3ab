import { type ReactNode, useEffect, useState } from "react";
import type { Path } from "@/model/path";
import { useChanges, useEditable, useValue } from "./changes";
import { LiteralControl } from "./control";
import { ExpressionControl } from "./expression-control";
import { ModeSwitch } from "./mode-switch";
import { amountHint } from "../form-model/money";
import { type Field, wordOf } from "../form-model/schema";
import { asLiteral, expressionIn, modeOf } from "../form-model/template";
import { Row } from "./row";

export interface ValueFieldProps {
  field: Field;
  path: Path;
  /** Offered as a button; required fields have none. */
  onRemove?: (() => void) | undefined;
  /** What is called in the history: `Change amount`. */
  label?: string;
  /** The currency beside an amount, for its explanation. */
  currency?: unknown;
  /** The name is shown elsewhere. */
  bare?: boolean;
  /** A further control beside the name: how a column is compared. */
  beside?: ReactNode;
}

/** Bare expressions that are no conditions. */
const LISTS_AND_VALUES = new Set(["switch", "for_each"]);

/** One value of the document as a row: written plainly, or as an expression. */
export function ValueField({
  field,
  path,
  onRemove,
  label = `Change ${field.name}`,
  currency,
  bare,
  beside,
}: ValueFieldProps) {
  const value = useValue(path);
  const changes = useChanges();
  const [forced, setForced] = useState<"literal" | "expression" | null>(null);
  const stands = modeOf(value);
  // What the file says decides again as soon as it says something else.
  useEffect(() => setForced(null), [stands]);
  const mode =
    field.writing === "bare"
      ? "expression"
      : field.writing === "plain"
        ? "literal"
        : (forced ?? (stands === "expression" ? "expression" : "literal"));
  const editable = useEditable();
  const write = (next: unknown) => changes.set(path, next, label);
  const shape =
    field.kind === "object" ||
    field.kind === "list" ||
    field.kind === "map" ||
    field.kind === "union" ||
    field.kind === "any";
  const group = mode === "literal" && shape;
  const note =
    field.unit === "minor" && mode === "literal"
      ? amountHint(value, currency)
      : field.unit === "seconds" && mode === "literal"
        ? momentHint(value)
        : null;

  return (
    <Row
      name={field.name}
      path={path}
      doc={field.doc}
      required={field.required}
      todo={field.required && (value === undefined || value === "") && !group}
      type={
        beside
          ? undefined
          : field.writing === "bare"
            ? LISTS_AND_VALUES.has(field.name)
              ? "expression"
              : "condition"
            : wordOf(field)
      }
      group={group}
      below={!group}
      onRemove={editable ? onRemove : undefined}
      hideName={bare}
      beside={beside}
      aside={
        field.writing === "value" ? (
          <ModeSwitch
            name={field.name}
            mode={mode === "expression" ? "expression" : "literal"}
            onMode={setForced}
            disabled={!editable}
            compact={bare}
          />
        ) : null
      }
    >
      {(ids) => {
        const common = {
          field,
          path,
          value: mode === "literal" && stands === "expression" ? asLiteral(expressionIn(value) ?? "") : value,
          write,
          label,
          ids,
          editable,
        };
        if (mode === "expression") return <ExpressionControl {...common} value={value} />;
        const control = <LiteralControl {...common} />;
        return note === null ? (
          control
        ) : (
          <>
            {control}
            <p className="form-unit num">{note}</p>
          </>
        );
      }}
    </Row>
  );
}

function momentHint(value: unknown): string {
  if (typeof value !== "number") return "seconds since 1970, or a moment: 2026-01-31T10:00:00Z";
  const moment = new Date(value * 1000);
  return Number.isNaN(moment.getTime()) ? "seconds since 1970" : `= ${moment.toISOString().replace(".000Z", "Z")}`;
}
