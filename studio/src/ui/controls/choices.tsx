/** One of a few, always in sight: a filter above a list. */
import * as Radix from "@radix-ui/react-toggle-group";
import type { ReactNode } from "react";
import "./choices.css";

export interface ChoiceItem {
  value: string;
  label: ReactNode;
  count?: number | undefined;
}

export function Choices({
  label,
  value,
  onChange,
  choices,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  choices: ChoiceItem[];
}) {
  return (
    // Choosing the chosen one again keeps it.
    <Radix.Root
      type="single"
      className="choices"
      aria-label={label}
      value={value}
      onValueChange={(next) => next && onChange(next)}
    >
      {choices.map((choice) => (
        <Radix.Item key={choice.value} value={choice.value} className="choice">
          {choice.label}
          {choice.count !== undefined && choice.count > 0 && (
            <span className="choice-count num">{choice.count.toLocaleString("en-US")}</span>
          )}
        </Radix.Item>
      ))}
    </Radix.Root>
  );
}
