/** Small ways to show a value: money, time, an id, a duration. */
import { Check, Copy } from "lucide-react";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { ago, duration, exactTime, money } from "@/ui/format/format";
import { Tooltip } from "@/ui/basics/tooltip";
import "./text.css";

/** An amount in minor units, as Stripe gives it. */
export function Money({
  amount,
  currency,
}: {
  amount: number | null | undefined;
  currency: string | null | undefined;
}) {
  if (amount === null || amount === undefined || !currency) return <span className="faint">–</span>;
  return <span className="num money">{money(amount, currency)}</span>;
}

const tickers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Re-renders about twice a minute, with one timer for the whole page. */
function useTick(): void {
  const [, tick] = useState(0);
  useEffect(() => {
    const wake = () => tick((count) => count + 1);
    tickers.add(wake);
    timer ??= setInterval(() => tickers.forEach((ticker) => ticker()), 20_000);
    return () => {
      tickers.delete(wake);
      if (tickers.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  }, []);
}

const Ahead = createContext(0);

/** Seconds by which the clock that dated what is shown within is ahead of this machine's. */
export const ClockAhead = Ahead.Provider;

/** A moment: "3 min ago" with the exact time on hover; `exact` shows the time itself. */
export function Time({ at, exact }: { at: string | null | undefined; exact?: boolean }) {
  useTick();
  const ahead = useContext(Ahead);
  if (!at) return <span className="faint">–</span>;
  const title = `${exactTime(at)}${ahead > 0 ? ", by the local Stripe's clock" : ""}`;
  return (
    <time className="num time" dateTime={at} title={title}>
      {exact ? exactTime(at) : ago(at, Date.now() + ahead * 1000)}
    </time>
  );
}

/** A span of time in milliseconds. */
export function Duration({ ms }: { ms: number | null | undefined }) {
  return <span className="num">{ms === null || ms === undefined ? "–" : duration(ms)}</span>;
}

export async function copy(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Without https the clipboard is only reachable the old way.
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way to copy without https
  document.execCommand("copy");
  area.remove();
}

/** A small button that copies `text`. */
export function CopyButton({
  text,
  label = "Copy",
  children,
}: {
  text: string | (() => string);
  label?: string;
  children?: ReactNode;
}) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const later = setTimeout(() => setDone(false), 1400);
    return () => clearTimeout(later);
  }, [done]);
  const Icon = done ? Check : Copy;
  return (
    <Tooltip text={done ? "Copied" : label}>
      <button
        type="button"
        className={children ? "btn btn-quiet btn-s" : "copy"}
        aria-label={children ? undefined : label}
        onClick={(event) => {
          event.preventDefault();
          event.stopPropagation();
          void copy(typeof text === "string" ? text : text()).then(() => setDone(true));
        }}
      >
        <Icon aria-hidden />
        {children}
        <span role="status" className="hidden-text">
          {done ? "Copied" : ""}
        </span>
      </button>
    </Tooltip>
  );
}

/** An id in mono, shortened in the middle when long, with a button that copies the whole. */
export function CopyId({ id, short, children }: { id: string; short?: boolean; children?: ReactNode }) {
  return (
    <span className="copy-id">
      {children ?? <code title={id}>{short && id.length > 18 ? `${id.slice(0, 9)}…${id.slice(-5)}` : id}</code>}
      <CopyButton text={id} label={`Copy ${id}`} />
    </span>
  );
}
