/** Listens to the server's news and marks the answers they make old, so that open pages refresh by themselves. */
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { PREFIX } from "./client";

export interface LiveNews {
  kind: "run" | "event" | "mail" | "row" | "workflow";
  id?: string;
  status?: string;
  workflow?: string;
  table?: string;
  refetch?: boolean;
}

/** Which answers a piece of news makes old: the first part of their query keys. */
export const TOUCHED: Record<LiveNews["kind"], readonly string[]> = {
  run: ["runs", "overview", "approvals", "journey", "events", "workflows"],
  event: ["events", "overview", "journey"],
  mail: ["mails", "overview", "journey"],
  row: ["tables", "journey"],
  workflow: ["workflows", "editor"],
};

export type LiveState = "connecting" | "live" | "lost";
let state: LiveState = "connecting";
const watchers = new Set<() => void>();
const heard = new Set<(news: LiveNews) => void>();

function become(next: LiveState): void {
  if (state === next) return;
  state = next;
  watchers.forEach((watcher) => watcher());
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

/** Calls `listener` with each piece of news, for pages that need more than fresh answers. */
export function useNews(listener: (news: LiveNews) => void): void {
  useEffect(() => {
    heard.add(listener);
    return () => {
      heard.delete(listener);
    };
  }, [listener]);
}

const PAUSE = 200;
const RETRY = 3000;

/** Connect until the returned function is called. News of `PAUSE` ms are handled together: a busy server sends many. */
export function listen(cache: QueryClient): () => void {
  let old = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let lost = false;
  let source: EventSource;

  const flush = () => {
    timer = undefined;
    const keys = old;
    old = new Set();
    // An answer that is on its way is awaited: on a busy server cancelling it again and again would show nothing new.
    void cache.invalidateQueries({ predicate: (query) => keys.has(String(query.queryKey[0])) }, { cancelRefetch: false });
  };
  const take = (message: MessageEvent<string>) => {
    let news: LiveNews;
    try {
      news = JSON.parse(message.data) as LiveNews;
    } catch {
      return;
    }
    const touched = TOUCHED[news.kind];
    if (!touched) {
      // The greeting tells whether something was missed meanwhile.
      if (news.refetch) void cache.invalidateQueries();
      return;
    }
    touched.forEach((key) => old.add(key));
    heard.forEach((listener) => listener(news));
    timer ??= setTimeout(flush, PAUSE);
  };
  const connect = () => {
    source = new EventSource(`${PREFIX}/live`);
    source.onmessage = take;
    source.onopen = () => {
      become("live");
      // What happened while nobody listened is not told again.
      if (lost) void cache.invalidateQueries();
      lost = false;
    };
    source.onerror = () => {
      lost = true;
      become("lost");
      // After an answer that is no stream the browser gives up; we do not.
      if (source.readyState === EventSource.CLOSED) again = setTimeout(connect, RETRY);
    };
  };
  connect();
  return () => {
    clearTimeout(timer);
    clearTimeout(again);
    source.close();
    become("connecting");
  };
}
