/** Conditions on columns, each a chip that can be taken away. */
import { Filter, X } from "lucide-react";
import { useState } from "react";
import { Button, FilterBar, Input, Select } from "@/ui";
import type { ColumnShape } from "./api";
import { OPERATORS, controlOf, fromText, operatorsFor, type Condition, type Operator } from "./values";

const wordOf = (operator: Operator) => OPERATORS.find((option) => option.operator === operator)?.word ?? operator;

export function Filters({
  columns,
  conditions,
  onChange,
}: {
  columns: ColumnShape[];
  conditions: Condition[];
  onChange: (next: Condition[]) => void;
}) {
  const [adding, setAdding] = useState(false);
  if (columns.length === 0) return null;
  return (
    <FilterBar>
      {conditions.map((condition, index) => (
        <span key={index} className="tables-chip">
          <span>
            {condition.column} {wordOf(condition.operator)} {condition.value && <code>{condition.value}</code>}
          </span>
          <button
            type="button"
            aria-label={`Remove the filter on ${condition.column}`}
            onClick={() => onChange(conditions.filter((_, other) => other !== index))}
          >
            <X aria-hidden />
          </button>
        </span>
      ))}
      {adding ? (
        <NewCondition
          columns={columns}
          onCancel={() => setAdding(false)}
          onAdd={(condition) => {
            onChange([...conditions, condition]);
            setAdding(false);
          }}
        />
      ) : (
        <Button size="s" kind="quiet" icon={<Filter aria-hidden />} onClick={() => setAdding(true)}>
          {conditions.length ? "And" : "Filter"}
        </Button>
      )}
    </FilterBar>
  );
}

interface OperatorSelectProps {
  operators: readonly Operator[];
  value: Operator;
  onChange: (operator: Operator) => void;
}

function OperatorSelect({ operators, value, onChange }: OperatorSelectProps) {
  return (
    <Select aria-label="Comparison" value={value} onChange={(event) => onChange(event.target.value as Operator)}>
      {operators.map((operator) => (
        <option key={operator} value={operator}>
          {wordOf(operator)}
        </option>
      ))}
    </Select>
  );
}

interface OperandFieldProps {
  column: ColumnShape;
  value: string;
  problem: string | null;
  onChange: (text: string) => void;
}

function OperandField({ column, value, problem, onChange }: OperandFieldProps) {
  const control = controlOf(column);
  if (control === "choice" || control === "check") {
    return (
      <Select aria-label="Value" value={value} onChange={(event) => onChange(event.target.value)}>
        {(control === "check" ? ["true", "false"] : (column.choices ?? [])).map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </Select>
    );
  }
  return (
    <Input
      aria-label="Value"
      aria-invalid={problem ? true : undefined}
      aria-describedby={problem ? "filter-problem" : undefined}
      mono
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function NewCondition({
  columns,
  onAdd,
  onCancel,
}: {
  columns: ColumnShape[];
  onAdd: (condition: Condition) => void;
  onCancel: () => void;
}) {
  const usable = columns.filter((column) => operatorsFor(column).length > 0);
  const [name, setName] = useState(usable[0]?.name ?? "");
  const column = usable.find((column) => column.name === name) ?? usable[0];
  const [chosen, setChosen] = useState<Operator>("eq");
  const [value, setValue] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  if (!column) return null;
  const operators = operatorsFor(column);
  const operator = operators.includes(chosen) ? chosen : (operators[0] ?? chosen);
  const bare = operator === "null" || operator === "not_null";
  const control = controlOf(column);
  const operand = value || (control === "check" ? "true" : control === "choice" ? (column.choices?.[0] ?? "") : "");
  return (
    <form
      className="tables-new"
      onKeyDown={(event) => event.key === "Escape" && onCancel()}
      onSubmit={(event) => {
        event.preventDefault();
        const read = bare ? { value: "" } : fromText({ ...column, nullable: false }, operand);
        if ("problem" in read) setProblem(read.problem);
        else onAdd({ column: column.name, operator, value: bare ? "" : operand });
      }}
    >
      <Select aria-label="Column" autoFocus value={column.name} onChange={(event) => setName(event.target.value)}>
        {usable.map((column) => (
          <option key={column.name}>{column.name}</option>
        ))}
      </Select>
      <OperatorSelect operators={operators} value={operator} onChange={setChosen} />
      {!bare && (
        <OperandField
          column={column}
          value={control === "choice" || control === "check" ? operand : value}
          problem={problem}
          onChange={setValue}
        />
      )}
      <Button type="submit" size="s" kind="primary">
        Add
      </Button>
      <Button size="s" kind="quiet" onClick={onCancel}>
        Cancel
      </Button>
      {problem && <FilterProblem text={problem} />}
    </form>
  );
}

const FilterProblem = ({ text }: { text: string }) => (
  <span id="filter-problem" role="alert" className="tables-problem">
    {text}
  </span>
);
