import * as Radix from "@radix-ui/react-dropdown-menu";
import type { ReactNode } from "react";
import { Kbd } from "@/ui/basics/kbd";
import "./menu.css";

/** A menu under a button. `trigger` must be one element that takes a ref. */
export function Menu({
  trigger,
  children,
  align = "end",
  defaultOpen = false,
}: {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "center" | "end";
  defaultOpen?: boolean;
}) {
  return (
    <Radix.Root modal={false} defaultOpen={defaultOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="menu" align={align} sideOffset={4} collisionPadding={8}>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function MenuItem({
  icon,
  children,
  onSelect,
  danger,
  disabled,
  shortcut,
}: {
  icon?: ReactNode;
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  shortcut?: string;
}) {
  return (
    <Radix.Item
      className={danger ? "menu-item menu-danger" : "menu-item"}
      onSelect={onSelect}
      disabled={disabled ?? false}
    >
      {icon}
      <span>{children}</span>
      {shortcut && <Kbd keys={shortcut} />}
    </Radix.Item>
  );
}

/** One of several: shows a mark when chosen. */
export function MenuChoice<V extends string>({
  value,
  onChange,
  choices,
}: {
  value: V;
  onChange: (value: V) => void;
  choices: { value: V; label: ReactNode }[];
}) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as V)}>
      {choices.map((choice) => (
        <Radix.RadioItem key={choice.value} value={choice.value} className="menu-item menu-choice">
          <span>{choice.label}</span>
          <Radix.ItemIndicator className="menu-mark">✓</Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

export const MenuLine = () => <Radix.Separator className="menu-line" />;
export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Radix.Label className="menu-label">{children}</Radix.Label>
);
