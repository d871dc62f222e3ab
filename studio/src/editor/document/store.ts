/** The editor's store: the slices put together. */
import { create, type StoreApi, type UseBoundStore } from "zustand";
import { checkSlice, createChecker } from "./checking";
import { documentClient } from "./client";
import { storedDrafts } from "./drafts";
import { createHistory, historySlice } from "./history";
import { createDraftKeeper, persistenceSlice } from "./persistence";
import { createQueue } from "./queue";
import { selectionSlice } from "./selection";
import { createRetrier, unsentSlice } from "./unsent";
import { type EditorDependencies, type EditorState, EMPTY } from "./state";

export function createEditor({
  client,
  drafts,
  now,
  checkAfterMs,
  retryAfterMs,
}: EditorDependencies): UseBoundStore<StoreApi<EditorState>> {
  return create<EditorState>()((_set, _get, store) => {
    const checker = createChecker(store, { client, checkAfterMs });
    const enqueue = createQueue(store);
    const keepDraft = createDraftKeeper(store, { drafts, now });
    const retrier = createRetrier(store, retryAfterMs);
    const history = createHistory(store, { now, checker, keepDraft });
    return {
      ...EMPTY,
      ...selectionSlice(store),
      ...checkSlice(store),
      ...historySlice(store, { history, enqueue }),
      ...unsentSlice(store, { client, history, enqueue, retrier, keepDraft }),
      ...persistenceSlice(store, { client, drafts, checker, history, enqueue, retrier, keepDraft }),
    };
  });
}

export const useEditor = createEditor({
  client: documentClient,
  drafts: storedDrafts(window.localStorage),
  now: () => Date.now(),
  checkAfterMs: 200,
  retryAfterMs: 2000,
});
