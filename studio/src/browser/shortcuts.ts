/** Keyboard shortcuts: the ones that work on every page, and the ones that a page adds while it is shown. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** `mod+k`, `?`, or two keys one after the other: `g r`. */
  keys: string;
  label: string;
  group: string;
  run: () => void;
}

const active = new Set<{ current: Shortcut[] }>();
/** Counts registrations, so that a list of shortcuts is drawn again after each. */
let version = 0;
const listeners = new Set<() => void>();

function registrationsChanged(): void {
  version += 1;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function activeShortcuts(): Shortcut[] {
  return [...active].flatMap((registration) => registration.current);
}

/** The shortcuts that work now; the component is drawn again when a page adds or removes some. */
export function useActiveShortcuts(): Shortcut[] {
  useSyncExternalStore(subscribe, () => version);
  return activeShortcuts();
}

/** Whether keys go into a text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  );
}

/** Make shortcuts work while the component is shown. Keys typed into a field are left alone, except with mod. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const newest = useRef(shortcuts);
  newest.current = shortcuts;
  useEffect(() => {
    active.add(newest);
    registrationsChanged();
    return () => {
      active.delete(newest);
      registrationsChanged();
    };
  }, []);
}

let first: { key: string; at: number } | null = null;

function named(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key.toLowerCase();
  return (event.metaKey || event.ctrlKey ? "mod+" : "") + (event.altKey ? "alt+" : "") + key;
}

/** Called for each key of the page. Returns whether it was a shortcut. */
export function handleKey(event: KeyboardEvent, now = Date.now()): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  const key = named(event);
  if (isTyping(event.target) && !key.startsWith("mod+")) return false;
  // A dialog has its own keys.
  if (!key.startsWith("mod+") && document.querySelector("[role=dialog],[role=alertdialog],[role=menu]")) return false;
  const pair = first && now - first.at < 1200 ? `${first.key} ${key}` : null;
  first = null;
  const shortcut =
    activeShortcuts().findLast((shortcut) => shortcut.keys === pair) ??
    activeShortcuts().findLast((shortcut) => shortcut.keys === key);
  if (!shortcut) {
    if (activeShortcuts().some((shortcut) => shortcut.keys.startsWith(`${key} `))) first = { key, at: now };
    return false;
  }
  event.preventDefault();
  shortcut.run();
  return true;
}

export function useKeyboard(): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => void handleKey(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
