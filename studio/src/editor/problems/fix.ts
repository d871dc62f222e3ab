/** What a finding suggests, as a change of the text: the word it means, and the word it proposes instead. */
import type { Diagnostic } from "@/api/editor";
import { utf16 } from "../codemirror/text";

export interface Fix {
  label: string;
  /** Offsets in the text, UTF-16. */
  from: number;
  to: number;
  insert: string;
}

const SUGGESTION = /did you mean [`'"“]([^`'"”?]+)[`'"”]/i;

/** The change that follows a finding's suggestion; null when it makes none, or when what it means cannot be found again. */
export function fixOf(finding: Diagnostic, text: string): Fix | null {
  const suggestion = SUGGESTION.exec(finding.hint ?? "")?.[1] ?? SUGGESTION.exec(finding.message)?.[1];
  if (suggestion === undefined) return null;
  const from = utf16(text, finding.start.offset);
  const to = utf16(text, finding.end.offset);
  const named = [...finding.message.matchAll(/[`'"“]([^`'"”]+)[`'"”]/g)]
    .map((match) => match[1] ?? "")
    .filter((word) => word !== suggestion);
  const stretch = text.slice(from, to);
  const words = named.filter((word) => stretch.includes(word));
  const wrong = words.length > 0 ? nearest(suggestion, words) : nearest(suggestion, stretch.match(/[\w.:-]+/g) ?? []);
  if (wrong === null) return null;
  const at = wordAt(stretch, wrong);
  if (at < 0) return null;
  return { label: `Change to ${suggestion}`, from: from + at, to: from + at + wrong.length, insert: suggestion };
}

function wordAt(stretch: string, word: string): number {
  for (let at = stretch.indexOf(word); at >= 0; at = stretch.indexOf(word, at + 1)) {
    if (!/[\w]/.test(stretch[at - 1] ?? " ") && !/[\w]/.test(stretch[at + word.length] ?? " ")) return at;
  }
  return -1;
}

/** The word that takes the fewest changes to become `unknownName`; null when none is near. */
function nearest(unknownName: string, words: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.ceil(unknownName.length / 2)) + 1;
  for (const word of words) {
    const far = distance(word, unknownName);
    if (far < least && far > 0) [best, least] = [word, far];
  }
  return best;
}

function distance(first: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= first.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = first[i - 1] === other[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
