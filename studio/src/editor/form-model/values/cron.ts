/** The next moments of a five-field cron line in a time zone, so that the form can show what a line means. The server decides. */

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");

interface Cron {
  minutes: Set<number>;
  hours: Set<number>;
  days: Set<number>;
  months: Set<number>;
  weekdays: Set<number>;
  /** Both day fields are restricted: either may hold. */
  either: boolean;
}

/** Read a line; null when it is none this form can read. */
export function readCron(line: string): Cron | null {
  const fields = line.trim().toLowerCase().split(/\s+/);
  const [minute, hour, day, month, weekday] = fields;
  if (
    fields.length !== 5 ||
    minute === undefined ||
    hour === undefined ||
    day === undefined ||
    month === undefined ||
    weekday === undefined
  )
    return null;
  const minutes = numbers(minute, 0, 59, []);
  const hours = numbers(hour, 0, 23, []);
  const days = numbers(day, 1, 31, []);
  const months = numbers(month, 1, 12, MONTHS, 1);
  const weekdays = numbers(weekday, 0, 7, DAYS);
  if (minutes === null || hours === null || days === null || months === null || weekdays === null) return null;
  if (weekdays.has(7)) weekdays.add(0);
  return { minutes, hours, days, months, weekdays, either: !day.startsWith("*") && !weekday.startsWith("*") };
}

function numbers(text: string, low: number, high: number, words: string[], first = 0): Set<number> | null {
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/.exec(part);
    if (match === null) return null;
    const [, from = "", to, by] = match;
    const begin = from === "*" ? low : number(from, words, first);
    const end = to !== undefined ? number(to, words, first) : from === "*" || by !== undefined ? high : begin;
    const step = by === undefined ? 1 : Number(by);
    if (begin === null || end === null || begin < low || end > high || begin > end || step < 1) return null;
    for (let value = begin; value <= end; value += step) numbers.add(value);
  }
  return numbers;
}

function number(text: string, words: string[], first: number): number | null {
  const at = words.indexOf(text);
  if (at >= 0) return at + first;
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** The next `count` moments after `after`; null when the line or the zone cannot be read, fewer when there are fewer in eight years. */
export function nextRuns(line: string, zone: string, after: Date, count: number): Date[] | null {
  const cron = readCron(line);
  if (cron === null) return null;
  let wall: (moment: Date) => Wall;
  try {
    wall = wallClock(zone);
  } catch {
    return null;
  }
  const runTimes: Date[] = [];
  const start = wall(after);
  const times = timesOf(cron);
  for (let day = 0; day < 8 * 366 && runTimes.length < count; day += 1) {
    const date = new Date(Date.UTC(start.year, start.month - 1, start.day + day));
    if (!isDay(cron, date)) continue;
    for (const [hour, minute] of times) {
      const moment = momentOf(wall, date, hour, minute);
      if (moment > after && (runTimes.length === 0 || moment > (runTimes[runTimes.length - 1] ?? after)))
        runTimes.push(moment);
      if (runTimes.length === count) break;
    }
  }
  return runTimes;
}

function timesOf(cron: Cron): [number, number][] {
  const ascending = (first: number, other: number) => first - other;
  return [...cron.hours]
    .sort(ascending)
    .flatMap((hour) => [...cron.minutes].sort(ascending).map((minute): [number, number] => [hour, minute]));
}

function isDay(cron: Cron, date: Date): boolean {
  if (!cron.months.has(date.getUTCMonth() + 1)) return false;
  const day = cron.days.has(date.getUTCDate());
  const weekday = cron.weekdays.has(date.getUTCDay());
  return cron.either ? day || weekday : day && weekday;
}

interface Wall {
  year: number;
  month: number;
  day: number;
  /** The wall clock's time read as if it were UTC, in milliseconds. */
  time: number;
}

function wallClock(zone: string): (moment: Date) => Wall {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  });
  return (moment) => {
    const part = Object.fromEntries(format.formatToParts(moment).map((part) => [part.type, Number(part.value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return { year, month, day, time: Date.UTC(year, month - 1, day, hour, minute, second) };
  };
}

/** The moment at which the zone's clock shows a time; in a gap of the clock, the first moment after it. */
function momentOf(wall: (moment: Date) => Wall, date: Date, hour: number, minute: number): Date {
  const wallTime = date.getTime() + (hour * 60 + minute) * 60_000;
  let moment = wallTime - (wall(new Date(wallTime)).time - wallTime);
  moment -= wall(new Date(moment)).time - wallTime;
  return new Date(moment);
}
