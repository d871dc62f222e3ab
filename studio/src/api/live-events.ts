/** Listens to the server's live events and invalidates the answers that they outdate, so that open pages refresh. */
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { PREFIX } from "./client";

export interface LiveEvent {
  kind: "run" | "event" | "mail" | "row" | "workflow" | "file";
  id?: string;
  status?: string;
  workflow?: string;
  table?: string;
}

/** The first message of a connection. `refetch`: events were missed since the last one. */
interface Greeting {
  kind?: string;
  refetch?: boolean;
}

const isLiveEvent = (message: LiveEvent | Greeting): message is LiveEvent =>
  message.kind !== undefined && Object.hasOwn(TOUCHED, message.kind);

/** The answers that each kind of event outdates: the first part of their query keys. */
export const TOUCHED: Record<LiveEvent["kind"], readonly string[]> = {
  run: ["runs", "overview", "approvals", "journey", "events", "workflows"],
  event: ["events", "overview", "journey"],
  mail: ["mails", "overview", "journey"],
  row: ["tables", "journey"],
  workflow: ["workflows", "editor", "problems", "files"],
  file: ["workflows", "editor", "problems", "files"],
};

export type LiveState = "connecting" | "live" | "lost";
let state: LiveState = "connecting";
const watchers = new Set<() => void>();
const heard = new Set<(event: LiveEvent) => void>();

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

/** Calls `listener` with each live event, for pages that need more than fresh answers. */
export function useLiveEvents(listener: (event: LiveEvent) => void): void {
  useEffect(() => {
    heard.add(listener);
    return () => {
      heard.delete(listener);
    };
  }, [listener]);
}

const PAUSE = 200;
const RETRY = 3000;

/** Connect until the returned function is called. The events of `PAUSE` ms are handled together: a busy server sends many. */
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
    void cache.invalidateQueries(
      { predicate: (query) => keys.has(String(query.queryKey[0])) },
      { cancelRefetch: false },
    );
  };
  const take = (message: MessageEvent<string>) => {
    let event: LiveEvent | Greeting;
    try {
      event = JSON.parse(message.data) as LiveEvent | Greeting;
    } catch {
      return;
    }
    if (!isLiveEvent(event)) {
      // The greeting says whether events were missed.
      if (event.refetch) void cache.invalidateQueries();
      return;
    }
    TOUCHED[event.kind].forEach((key) => old.add(key));
    heard.forEach((listener) => listener(event));
    timer ??= setTimeout(flush, PAUSE);
  };
  const connect = () => {
    source = new EventSource(`${PREFIX}/live`);
    source.onmessage = take;
    source.onopen = () => {
      become("live");
      // The server doesn't repeat events that it sent while the connection was lost.
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
