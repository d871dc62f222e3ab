/** The frame of a page's content: title row, sections, key-value lists, filter bars. */
import { useEffect, type ReactNode } from "react";
import "./page.css";

/** Every page has one: the only h1, the document's title, and the page's actions. */
export function PageHeader({
  title,
  name,
  back,
  badge,
  actions,
  children,
}: {
  title: ReactNode;
  name?: string;
  back?: ReactNode;
  badge?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  const text = name ?? (typeof title === "string" ? title : undefined);
  useEffect(() => {
    if (text) document.title = `${text} · Payloom`;
  }, [text]);
  return (
    <header className="page-header">
      {back && <div className="page-back">{back}</div>}
      <div className="page-title-row">
        <div className="page-title">
          <h1>{title}</h1>
          {badge}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </div>
      {children && <div className="page-sub soft">{children}</div>}
    </header>
  );
}

/** A page of usual width, with room around. */
export const PageBody = ({ children, wide }: { children: ReactNode; wide?: boolean }) => (
  <div className={wide ? "page page-wide" : "page"}>{children}</div>
);

export function Section({ title, actions, children }: { title: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

export const Card = ({ children, className }: { children: ReactNode; className?: string }) => (
  <div className={className ? `card ${className}` : "card"}>{children}</div>
);

export const FilterBar = ({ children }: { children: ReactNode }) => <div className="filter-bar">{children}</div>;

/** Names and values below each other. Entries without a value are left out. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  const shownFacts = facts.filter(
    ([, value]) => value !== null && value !== undefined && value !== false && value !== "",
  );
  return (
    <dl className="facts">
      {shownFacts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
