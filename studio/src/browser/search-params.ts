/** The part of the address behind `?`, as plain strings, and a hook that reads and writes it. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useEffect, useState } from "react";

export type Search = Record<string, string | undefined>;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const present = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(present.map(([key, value]) => [key, String(value)])).toString();
  return text ? `?${text}` : "";
}

/** Returns the search parameters and a function that changes some of them (undefined removes one). */
export function useSearchParams(): [Search, (changes: Search, options?: { push?: boolean }) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (changes: Search, options?: { push?: boolean }) => {
      void navigate({
        to: ".",
        search: (old: Search) => ({ ...old, ...changes }),
        replace: !options?.push,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}

/** The text of a search field that is kept in the address as `search`, and a function that changes it. */
export function useSearchText(): [string, (text: string) => void] {
  const [search, change] = useSearchParams();
  const term = search["search"] ?? "";
  const [text, setText] = useState(term);
  const deferred = useDeferredValue(text.trim());
  useEffect(() => {
    if (deferred === term) return;
    // While one types the address changes once a pause is made.
    const later = setTimeout(() => change({ search: deferred || undefined }), 200);
    return () => clearTimeout(later);
  }, [deferred, term, change]);
  useEffect(() => setText(term), [term]);
  return [text, setText];
}
