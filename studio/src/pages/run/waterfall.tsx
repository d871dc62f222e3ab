import { ChevronRight } from "lucide-react";
import { useRef, useState, type KeyboardEvent } from "react";
import type { RunDetail, Step } from "@/api/runs";
import { scaleOf, type Row, type Scale } from "@/model/runs/timeline";
import { count, duration, EmptyState, lookOf, StatusIcon } from "@/ui";
import { statusOf } from "@/components/run-columns";
import { VerbIcon } from "./panel/verb-icon";

interface WaterfallProps {
  run: RunDetail;
  rows: Row<Step>[];
  now: number;
  chosen: string | null;
  choose: (key: string | null) => void;
}

/** A tree of steps with a bar each. Arrows move, right and left open and close, Enter chooses. */
export function Waterfall({ run, rows, now, chosen, choose }: WaterfallProps) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const list = useRef<HTMLDivElement>(null);
  const scale = scaleOf(run, rows, now);
  const visible = rows.filter((row) => ![...closed].some((key) => row.key !== key && row.key.startsWith(`${key}.`)));
  const fold = (key: string, shut: boolean) =>
    setClosed((old) => {
      const next = new Set(old);
      if (shut) next.add(key);
      else next.delete(key);
      return next;
    });

  const onKey = (event: KeyboardEvent, index: number, row: Row<Step> | null) => {
    const items = list.current?.querySelectorAll<HTMLElement>("[role=treeitem]");
    const move =
      event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
    if (move) items?.[index + move]?.focus();
    else if (event.key === "Enter" || event.key === " ") choose(row?.key ?? null);
    else if (event.key === "ArrowLeft" && row?.group) fold(row.key, true);
    else if (event.key === "ArrowRight" && row?.group) fold(row.key, false);
    else return;
    event.preventDefault();
  };

  return (
    <section className="fall" aria-label="Steps">
      <div className="fall-head" aria-hidden>
        <span>{count(rows.filter((row) => !row.group).length, "step")}</span>
        <Axis from={scale.from} to={scale.to} />
      </div>
      <div role="tree" aria-label="Steps of the run" ref={list} className="fall-rows">
        <RunRow
          run={run}
          scale={scale}
          selected={chosen === null}
          onClick={() => choose(null)}
          onKeyDown={(event) => onKey(event, 0, null)}
        />
        {visible.map((row, index) => (
          <StepRow
            key={row.key}
            row={row}
            now={now}
            scale={scale}
            shut={closed.has(row.key)}
            onFold={() => fold(row.key, !closed.has(row.key))}
            selected={chosen === row.key}
            onClick={() => choose(row.key)}
            onKeyDown={(event) => onKey(event, index + 1, row)}
          />
        ))}
        <Breaks breaks={scale.breaks} />
      </div>
      {rows.length === 0 && <NoSteps run={run} />}
    </section>
  );
}

function NoSteps({ run }: { run: RunDetail }) {
  const ended = run.finished_at !== null;
  return (
    <EmptyState title={ended ? "This run has no steps" : "No step has started yet"}>
      {ended
        ? run.decisions.length > 0 && "Its conditions were evaluated before a step had something to record."
        : "Steps appear here as they happen."}
    </EmptyState>
  );
}

function Breaks({ breaks }: { breaks: Scale["breaks"] }) {
  return (
    <div className="fall-breaks" aria-hidden>
      {breaks.map((pause) => (
        <span key={pause.at} style={{ left: `${pause.at * 100}%`, width: `${pause.width * 100}%` }}>
          <em>{duration(pause.ms)}</em>
        </span>
      ))}
    </div>
  );
}

interface TreeRowProps {
  scale: Scale;
  selected: boolean;
  onClick: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

function RunRow({ run, scale, selected, onClick, onKeyDown }: TreeRowProps & { run: RunDetail }) {
  const queued = Date.parse(run.started_at) - Date.parse(run.created_at);
  return (
    <div
      role="treeitem"
      aria-level={1}
      aria-selected={selected}
      tabIndex={selected ? 0 : -1}
      className="fall-row fall-run"
      onClick={onClick}
      onKeyDown={onKeyDown}
    >
      <span className="fall-name">
        <StatusIcon status={statusOf(run)} />
        <strong>Run</strong>
      </span>
      <span className="fall-track">
        <Bar from={0} to={1} tone={lookOf(statusOf(run)).tone} open={!run.finished_at} />
        {queued > 1 && (
          <span
            className="fall-queue"
            style={{ width: `${scale.place(Date.parse(run.started_at)) * 100}%` }}
            title={`Waited ${duration(queued)} to start`}
          />
        )}
      </span>
      <span className="fall-time num">{duration(scale.to - scale.from)}</span>
    </div>
  );
}

interface StepRowProps extends TreeRowProps {
  row: Row<Step>;
  now: number;
  /** Whether the rows inside it are hidden. */
  shut: boolean;
  onFold: () => void;
}

function StepRow({ row, now, scale, shut, onFold, selected, onClick, onKeyDown }: StepRowProps) {
  const left = scale.place(row.from);
  const right = scale.place(row.to ?? now);
  return (
    <div
      role="treeitem"
      aria-level={row.depth + 2}
      aria-selected={selected}
      {...(row.group ? { "aria-expanded": !shut } : {})}
      tabIndex={selected ? 0 : -1}
      className="fall-row"
      data-step={row.key}
      onClick={onClick}
      onKeyDown={onKeyDown}
    >
      <span className="fall-name" style={{ paddingLeft: 8 + (row.depth + 1) * 14 }}>
        {row.group && (
          <ChevronRight
            aria-hidden
            className={shut ? "fall-fold" : "fall-fold fall-open"}
            onClick={(event) => {
              event.stopPropagation();
              onFold();
            }}
          />
        )}
        <StatusIcon status={row.status} />
        <VerbIcon verb={row.verb} />
        <span className="fall-title">{row.title}</span>
        {row.detail.toLowerCase() !== row.title.toLowerCase() && <span className="fall-detail">{row.detail}</span>}
        {row.attempts > 1 && <span className="fall-attempts">×{row.attempts}</span>}
      </span>
      <span className="fall-track">
        <Bar from={left} to={right} tone={lookOf(row.status).tone} open={row.to === null} group={row.group} />
      </span>
      <span className="fall-time num">{duration((row.to ?? now) - row.from)}</span>
    </div>
  );
}

function Bar({
  from,
  to,
  tone,
  open,
  group,
}: {
  from: number;
  to: number;
  tone: string;
  open?: boolean;
  group?: boolean;
}) {
  const classes = ["fall-bar", `fall-${tone}`, open && "fall-going", group && "fall-group"].filter(Boolean).join(" ");
  return <span className={classes} style={{ left: `${from * 100}%`, width: `max(3px, ${(to - from) * 100}%)` }} />;
}

const Axis = ({ from, to }: { from: number; to: number }) => (
  <span className="fall-axis num">
    <span>0</span>
    <span>{duration(to - from)}</span>
  </span>
);
