/** The text of a field during typing: kept until it is a valid value, then written after a pause. Never dropped. */
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { Read } from "../form-model/literal";

const PAUSE_MS = 350;

interface Kept {
  text: string;
  base: string;
}

/** Invalid texts of fields that aren't on the page now, by workflow and path. */
const drafts = new Map<string, Kept>();
const open = new Set<() => void>();

/** Write what was typed without waiting for the pause; called before saving and undoing. */
export function flushFields(): void {
  for (const flush of [...open]) flush();
}

export interface Draft {
  text: string;
  problem: string | null;
  type: (text: string) => void;
  /** As `type`, but written only when the field is left: for names, which other things hang on. */
  hold: (text: string) => void;
  /** The field was left: write now. */
  leave: () => void;
  /** Back to the value in the file. */
  reset: () => void;
}

export interface DraftOptions {
  /** Under which the text is kept while the field is not on the page. */
  name: string;
  /** What the file says. */
  shown: string;
  read: (text: string) => Read;
  commit: (value: unknown) => Promise<boolean>;
}

/** Runs `follow` when the file's text changes. */
function useNewText(fileText: string, follow: () => void): void {
  const last = useRef(fileText);
  const latest = useRef(follow);
  latest.current = follow;
  useEffect(() => {
    if (last.current === fileText) return;
    last.current = fileText;
    latest.current();
  }, [fileText]);
}

export function useDraft(options: DraftOptions): Draft {
  const { name, shown } = options;
  const [draft, setDraft] = useState<string | null>(() => restored(name, shown));
  const [refused, setRefused] = useState(false);
  const latest = useRef({ ...options, draft });
  latest.current = { ...options, draft };
  const timer = useRef<Timer>(undefined);
  const written = useRef<string | null>(null);

  const flush = useCallback(() => {
    if (timer.current === undefined) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    writeDraft(latest.current, written, (done) => setRefused(!done));
  }, []);

  useEffect(() => {
    open.add(flush);
    return () => {
      const { name: key, draft: text, shown: base, read } = latest.current;
      flush();
      open.delete(flush);
      if (text !== null && !read(text).ok) drafts.set(key, { text, base });
    };
  }, [flush]);

  // The file changed: its text replaces the draft, unless it is what was just written from here.
  useNewText(shown, () => {
    if (timer.current === undefined && !isWritten(latest.current, written.current, shown)) setDraft(null);
  });

  const take = (next: string): void => {
    drafts.delete(name);
    setRefused(false);
    setDraft(next);
    latest.current.draft = next;
    clearTimeout(timer.current);
  };
  return {
    text: draft ?? shown,
    problem: draft === null ? null : problemOf(options.read(draft), refused),
    type(next) {
      take(next);
      timer.current = setTimeout(flush, PAUSE_MS);
    },
    hold(next) {
      take(next);
      // Far away: only leaving, saving or unmounting writes it.
      timer.current = setTimeout(() => undefined, 0x7fffffff);
    },
    leave: flush,
    reset() {
      stop(timer);
      setDraft(null);
    },
  };
}

type Timer = ReturnType<typeof setTimeout> | undefined;

function stop(timer: RefObject<Timer>): void {
  clearTimeout(timer.current);
  timer.current = undefined;
}

type Latest = DraftOptions & { draft: string | null };

/** Whether the file has the value that this field wrote last. */
function isWritten({ draft, read }: Latest, written: string | null, fileText: string): boolean {
  if (written === null || draft !== written) return false;
  const reading = read(written);
  return reading.ok && fileText !== "" && sameText(reading.value, fileText);
}

/** Writes the draft of a field, if it is valid. */
function writeDraft(
  { draft, read, commit }: Latest,
  written: RefObject<string | null>,
  onDone: (done: boolean) => void,
): void {
  if (draft === null) return;
  const parsed = read(draft);
  if (!parsed.ok) return;
  written.current = draft;
  void commit(parsed.value).then(onDone);
}

function problemOf(reading: Read, refused: boolean): string | null {
  if (!reading.ok) return reading.message;
  return refused ? "The file doesn't have this value yet." : null;
}

function restored(name: string, fileText: string): string | null {
  const stored = drafts.get(name);
  drafts.delete(name);
  return stored !== undefined && stored.base === fileText ? stored.text : null;
}

function sameText(value: unknown, fileText: string): boolean {
  return (typeof value === "string" ? value : JSON.stringify(value)) === fileText;
}
