import * as Radix from "@radix-ui/react-tabs";
import type { ReactNode } from "react";
import "./tabs.css";

export interface Tab {
  id: string;
  label: ReactNode;
  content: ReactNode;
  count?: number | undefined;
}

/** Tabs whose state the caller keeps (usually in the address: `useSearchParams`). */
export function Tabs({
  tabs,
  value,
  onChange,
  label,
  aside,
}: {
  tabs: Tab[];
  value: string;
  onChange: (id: string) => void;
  label: string;
  aside?: ReactNode;
}) {
  const known = tabs.some((tab) => tab.id === value) ? value : (tabs[0]?.id ?? "");
  return (
    <Radix.Root className="tabs" value={known} onValueChange={onChange}>
      <div className="tabs-bar">
        <Radix.List className="tabs-list" aria-label={label}>
          {tabs.map((tab) => (
            <Radix.Trigger key={tab.id} value={tab.id} className="tab">
              {tab.label}
              {tab.count !== undefined && <span className="tab-count num">{tab.count}</span>}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {aside}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="tab-panel">
          {tab.id === known && tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
