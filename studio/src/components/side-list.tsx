/** A page with a list of named things at its side: links on a wide screen, a select on a narrow one. */
import type { ReactNode } from "react";
import { Select } from "@/ui";
import "./side-list.css";

export interface SideListItem {
  value: string;
  label: string;
  icon: ReactNode;
  /** After the label. */
  badge?: ReactNode;
}

export interface SideListGroup {
  title: string;
  items: SideListItem[];
}

export interface SideListLink {
  className: string;
  "aria-current": "page" | undefined;
  children: ReactNode;
}

export interface SideListProps {
  /** What is listed: "Tables". */
  label: string;
  /** One of them: "Table". */
  one: string;
  groups: SideListGroup[];
  current: string | undefined;
  /** Draws the link to an item. */
  link: (value: string, attributes: SideListLink) => ReactNode;
  onChoose: (value: string) => void;
  children: ReactNode;
}

export function SideList({ label, one, groups, current, link, onChoose, children }: SideListProps) {
  const visible = groups.filter((group) => group.items.length > 0);
  return (
    <div className="side-list-page">
      <Select
        aria-label={one}
        className="side-list-choice"
        value={current ?? ""}
        onChange={(event) => onChoose(event.target.value)}
      >
        {current === undefined && <option value="">Select</option>}
        {visible.map((group) => (
          <optgroup key={group.title} label={group.title}>
            {group.items.map((item) => (
              <option key={item.value} value={item.value}>
                {item.label}
              </option>
            ))}
          </optgroup>
        ))}
      </Select>
      <nav className="side-list" aria-label={label}>
        {visible.map((group) => (
          <div key={group.title}>
            <h2>{group.title}</h2>
            <ul>
              {group.items.map((item) => (
                <li key={item.value}>
                  {link(item.value, {
                    className: "side-list-link",
                    "aria-current": item.value === current ? "page" : undefined,
                    children: (
                      <>
                        {item.icon}
                        {item.label}
                        {item.badge}
                      </>
                    ),
                  })}
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <div className="side-list-main">{children}</div>
    </div>
  );
}
