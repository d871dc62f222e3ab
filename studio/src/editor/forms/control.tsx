/**
 * What a control of a value is, and which one draws which kind. Values nest (a list of maps of values), so controls use
 * `LiteralControl` and `ValueField` again; the table of controls comes by context and nothing imports in a circle.
 */
import { type ComponentType, createContext, use } from "react";
import type { Kind, Field } from "../form-model/schema";
import type { Path } from "@/model/document/path";

export interface ControlProps {
  field: Field;
  path: Path;
  value: unknown;
  write: (value: unknown) => Promise<boolean>;
  label: string;
  ids: { id: string; labelledBy: string; describedBy: string; invalid: boolean };
  editable: boolean;
}

/** The control for each kind of value; `controls/registry.ts` has them all. */
export type Controls = Readonly<Record<Kind, ComponentType<ControlProps>>>;

export const ControlsContext = createContext<Controls | null>(null);

/** The control for a value that is written plainly. */
export function LiteralControl(props: ControlProps) {
  const controls = use(ControlsContext);
  if (controls === null) throw new Error("a form needs its controls: <ControlsContext value={CONTROLS}>");
  const Control = controls[props.field.kind];
  return <Control {...props} />;
}
