/** The control for each kind of value. */
import type { Controls } from "../control";
import { AnyValue } from "./any-value";
import { ChoiceControl } from "./choice";
import { ListFields } from "./lists/list-fields";
import { MapRows } from "./lists/map-rows";
import { ObjectFields } from "./lists/object-fields";
import { TextControl } from "./text";
import { UnionControl } from "./union";

export const CONTROLS: Controls = {
  text: TextControl,
  integer: TextControl,
  number: TextControl,
  boolean: ChoiceControl,
  choice: ChoiceControl,
  object: ObjectFields,
  list: ListFields,
  map: MapRows,
  union: UnionControl,
  any: AnyValue,
};
