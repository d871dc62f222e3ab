/** Texts as two sides count them: the smallest change between two texts, and code points (server) against UTF-16 (browser). */

export interface TextChange {
  from: number;
  to: number;
  insert: string;
}

/** The one stretch in which two texts differ; null when they are equal. Surrogate pairs are not cut. */
export function changeBetween(before: string, after: string): TextChange | null {
  if (before === after) return null;
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  if (isLow(before, head) || isLow(after, head)) head -= 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  if (tail > 0 && (isLow(before, before.length - tail) || isLow(after, after.length - tail))) tail -= 1;
  return { from: head, to: before.length - tail, insert: after.slice(head, after.length - tail) };
}

/** An offset in UTF-16 units of the code point at `points`. */
export function utf16(text: string, points: number): number {
  if (!/[\ud800-\udbff]/.test(text)) return Math.min(points, text.length);
  let units = 0;
  for (let left = points; left > 0 && units < text.length; left -= 1) units += isHigh(text, units) ? 2 : 1;
  return units;
}

/** The number of code points before a UTF-16 offset. */
export function codePoints(text: string, units: number): number {
  return Array.from(text.slice(0, units)).length;
}

function isLow(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}

function isHigh(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff;
}

/** A code point offset of the server as an offset in an editor's document, in which every line break is one character. */
export function inDocument(text: string, points: number): number {
  const units = utf16(text, points);
  return units - breaks(text.slice(0, units));
}

/** The UTF-16 offset in the text of an offset in an editor's document. */
export function inText(text: string, place: number): number {
  if (!text.includes("\r\n")) return place;
  let at = 0;
  for (let left = place; left > 0 && at < text.length; left -= 1) at += text.startsWith("\r\n", at) ? 2 : 1;
  return at;
}

function breaks(text: string): number {
  return text.includes("\r\n") ? text.split("\r\n").length - 1 : 0;
}
