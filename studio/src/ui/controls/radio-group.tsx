/** One of a few, each with a sentence about it. */
import { useId, type ReactNode } from "react";

export interface RadioChoice {
  value: string;
  label: ReactNode;
  hint?: ReactNode;
}

export function RadioGroup({
  label,
  value,
  onChange,
  choices,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  choices: RadioChoice[];
}) {
  const id = useId();
  return (
    <fieldset className="radio-group">
      <legend>{label}</legend>
      {choices.map((choice) => (
        <div key={choice.value} className="radio-row">
          <input
            type="radio"
            id={`${id}-${choice.value}`}
            name={id}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
            aria-describedby={choice.hint ? `${id}-${choice.value}-hint` : undefined}
          />
          <label htmlFor={`${id}-${choice.value}`}>{choice.label}</label>
          {choice.hint && (
            <p id={`${id}-${choice.value}-hint`} className="field-hint">
              {choice.hint}
            </p>
          )}
        </div>
      ))}
    </fieldset>
  );
}
