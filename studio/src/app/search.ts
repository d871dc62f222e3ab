/** The part of the address behind `?`, as plain strings, and a hook that reads and writes it. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type Search = Record<string, string | undefined>;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text ? `?${text}` : "";
}

/** Returns the search parameters and a function that changes some of them (undefined removes one). */
export function useSearchParams(): [Search, (changes: Search, options?: { push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const change = useCallback(
    (changes: Search, options?: { push?: boolean }) => {
      void navigate({
        to: ".",
        search: ((old: Search) => ({ ...old, ...changes })) as never,
        replace: !options?.push,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}
