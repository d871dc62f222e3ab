/** The last 24 hours as bars: what went well, and on top of it what failed. */
import { exactTime } from "@/ui";

export interface Bar {
  at: string;
  good: number;
  bad: number;
}

/** The height of a part in percent of the highest bar; something is never drawn as nothing. */
export const heightOf = (part: number, highest: number): number =>
  part === 0 ? 0 : Math.max(6, Math.round((part / highest) * 100));

export function Hours({ bars, good, bad }: { bars: Bar[]; good: string; bad: string }) {
  const highest = Math.max(1, ...bars.map((bar) => bar.good + bar.bad));
  const total = (part: "good" | "bad") => bars.reduce((sum, bar) => sum + bar[part], 0);
  const peak = bars.reduce((best, bar) => (bar.good + bar.bad > best.good + best.bad ? bar : best), bars[0] ?? NONE);
  const words = `${total("good")} ${good}, ${total("bad")} ${bad} in the last 24 hours; most in the hour from ${exactTime(peak.at)}`;
  return (
    <div className="hours" role="img" aria-label={total("good") + total("bad") > 0 ? words : `No ${good} or ${bad}`}>
      {bars.map((bar) => (
        <span key={bar.at} title={`${exactTime(bar.at)}, one hour: ${bar.good} ${good}, ${bar.bad} ${bad}`}>
          <i className="hours-bad" style={{ height: `${heightOf(bar.bad, highest)}%` }} />
          <i className="hours-good" style={{ height: `${heightOf(bar.good, highest)}%` }} />
        </span>
      ))}
    </div>
  );
}

const NONE: Bar = { at: new Date(0).toISOString(), good: 0, bad: 0 };
