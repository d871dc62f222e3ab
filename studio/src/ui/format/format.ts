/** Values as words: money, moments, spans of time. Pure. */

// Stripe's list: what has no minor unit, and what has three digits.
const ZERO = new Set([
  "bif",
  "clp",
  "djf",
  "gnf",
  "jpy",
  "kmf",
  "krw",
  "mga",
  "pyg",
  "rwf",
  "vnd",
  "vuv",
  "xaf",
  "xof",
  "xpf",
]);
const THREE = new Set(["bhd", "jod", "kwd", "omr", "tnd"]);

export function exponent(currency: string): number {
  const code = currency.toLowerCase();
  if (ZERO.has(code)) return 0;
  return THREE.has(code) ? 3 : 2;
}

/** `money(1999, "eur")` is "€19.99". Exact for every integer: digits are placed, not divided. */
export function money(amount: number, currency: string): string {
  const digits = exponent(currency);
  const negative = amount < 0;
  const text = String(Math.abs(Math.trunc(amount))).padStart(digits + 1, "0");
  const whole = digits ? text.slice(0, -digits) : text;
  const value = `${negative ? "-" : ""}${whole}${digits ? `.${text.slice(-digits)}` : ""}`;
  try {
    const format = new Intl.NumberFormat("en-US", {
      style: "currency",
      currency: currency.toUpperCase(),
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    // Decimal strings are formatted exactly; TypeScript's types do not know it yet.
    return format.format(value as unknown as number);
  } catch {
    return `${value} ${currency.toUpperCase()}`;
  }
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "4 min ago", "in 3 h", then a date. */
export function ago(at: string, now = Date.now()): string {
  const then = Date.parse(at);
  if (Number.isNaN(then)) return at;
  const span = now - then;
  const size = Math.abs(span);
  if (size < 10_000) return span >= 0 ? "just now" : "in a moment";
  const words =
    size < MINUTE
      ? `${Math.floor(size / 1000)} s`
      : size < HOUR
        ? `${Math.floor(size / MINUTE)} min`
        : size < DAY
          ? `${Math.floor(size / HOUR)} h`
          : size < 3 * DAY
            ? duration(size - (size % HOUR))
            : size < 7 * DAY
              ? `${Math.floor(size / DAY)} d`
              : null;
  if (words) return span > 0 ? `${words} ago` : `in ${words}`;
  const date = new Date(then);
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : ("numeric" as const);
  return date.toLocaleDateString("en-US", { day: "numeric", month: "short", year });
}

/** Stripe's moments, Unix seconds, as RFC 3339. */
export const fromUnix = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** The zone that times are shown in, as people write it: "UTC", "GMT+1", "PST". */
export function zoneOf(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "local time";
}

/** The local time with its zone, to the millisecond: "Nov 23, 2026, 20:57:31.204 UTC"; `short` leaves these out. */
export function exactTime(at: string, short = false): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const day = date.toLocaleDateString("en-US", { day: "numeric", month: "short", year: "numeric" });
  const pad = (value: number, size = 2) => String(value).padStart(size, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join(":");
  return `${day}, ${time}${short ? "" : `.${pad(date.getMilliseconds(), 3)}`} ${zoneOf(date)}`;
}

/** Milliseconds as a short span: "<1 ms", "840 ms", "2.4 s", "3 min 10 s", "2 d 4 h". */
export function duration(ms: number): string {
  // Moments have milliseconds: 0 means less than one.
  if (ms < 1) return "<1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`;
  const pair = (big: number, bigName: string, small: number, smallName: string) => {
    const first = Math.floor(ms / big);
    const second = Math.floor((ms % big) / small);
    return second ? `${first} ${bigName} ${second} ${smallName}` : `${first} ${bigName}`;
  };
  if (ms < HOUR) return pair(MINUTE, "min", 1000, "s");
  if (ms < DAY) return pair(HOUR, "h", MINUTE, "min");
  return pair(DAY, "d", HOUR, "h");
}

export function count(value: number, singular: string, many = `${singular}s`): string {
  return `${value.toLocaleString("en-US")} ${value === 1 ? singular : many}`;
}
