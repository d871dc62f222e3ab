import { type ReactNode, useEffect, useState } from "react";
import type { Path } from "@/model/document/path";
import { useChanges, useEditable, useValue } from "@/editor/forms/changes";
import { LiteralControl } from "@/editor/forms/control";
import { ExpressionControl } from "./expression-control";
import { ModeSwitch } from "./mode-switch";
import { amountHint } from "@/editor/form-model/values/money";
import { type Field, type Kind, wordOf, type Writing } from "@/editor/form-model/schema";
import { asLiteral, expressionIn, modeOf } from "@/editor/form-model/values/template";
import { Row } from "@/editor/forms/row";

type Mode = "literal" | "expression";

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

/** Fields that are always expressions or never. */
const FIXED_MODES: Partial<Record<Writing, Mode>> = { bare: "expression", plain: "literal" };
/** Kinds of values whose control is a group of rows. */
const GROUPS: ReadonlySet<Kind> = new Set<Kind>(["object", "list", "map", "union", "any"]);
/** Bare expressions that are no conditions. */
const LISTS_AND_VALUES = new Set(["switch", "for_each"]);

/** One value of the document as a row: written plainly, or as an expression. */
/** What is still to be done about a value: a required one is missing, or a choice that was added isn't made. */
function toDoOf(field: Field, value: unknown): string | undefined {
  if (value !== undefined && value !== "") return undefined;
  if (field.required) return "Required";
  return value === "" && (field.kind === "choice" || field.kind === "boolean") ? "Choose a value" : undefined;
}

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
  const [forced, setForced] = useState<Mode | null>(null);
  const stands = modeOf(value);
  // What the file says decides again as soon as it says something else.
  useEffect(() => setForced(null), [stands]);
  const mode = FIXED_MODES[field.writing] ?? forced ?? (stands === "expression" ? "expression" : "literal");
  const editable = useEditable();
  const group = mode === "literal" && GROUPS.has(field.kind);

  return (
    <Row
      name={field.name}
      path={path}
      doc={field.doc}
      required={field.required}
      todo={group ? undefined : toDoOf(field, value)}
      type={beside ? undefined : typeWord(field)}
      group={group}
      below={!group}
      onRemove={editable ? onRemove : undefined}
      hideName={bare}
      beside={beside}
      aside={
        field.writing === "value" ? (
          <ModeSwitch name={field.name} mode={mode} onMode={setForced} disabled={!editable} compact={bare} />
        ) : null
      }
    >
      {(ids) => {
        const write = (next: unknown) => changes.set(path, next, label);
        const common = { field, path, write, label, ids, editable };
        if (mode === "expression") return <ExpressionControl {...common} value={value} />;
        const literal = stands === "expression" ? asLiteral(expressionIn(value) ?? "") : value;
        const note = unitNote(field, value, currency);
        return (
          <>
            <LiteralControl {...common} value={literal} />
            {note === null ? null : <p className="form-unit num">{note}</p>}
          </>
        );
      }}
    </Row>
  );
}

/** How a value with a unit reads in words; null when it needs none. */
function unitNote(field: Field, value: unknown, currency: unknown): string | null {
  if (field.unit === "minor") return amountHint(value, currency);
  return field.unit === "seconds" ? momentHint(value) : null;
}

function typeWord(field: Field): string {
  if (field.writing !== "bare") return wordOf(field);
  return LISTS_AND_VALUES.has(field.name) ? "expression" : "condition";
}

function momentHint(value: unknown): string {
  if (typeof value !== "number") return "seconds since 1970, or a timestamp: 2026-01-31T10:00:00Z";
  const moment = new Date(value * 1000);
  return Number.isNaN(moment.getTime()) ? "seconds since 1970" : `= ${moment.toISOString().replace(".000Z", "Z")}`;
}
