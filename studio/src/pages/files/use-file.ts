/** One file being edited: what was typed is kept in the browser until it is saved, and never written over. */
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { ApiError } from "@/api/client";
import { storedDrafts } from "@/editor/document/drafts";
import { toast } from "@/ui";
import { files, type ProjectFile } from "./api";

/** A text, and the file that it started from. */
interface Editing {
  base: string;
  etag: string;
  text: string;
}

export interface OpenFile {
  query: UseQueryResult<ProjectFile>;
  text: string;
  unsaved: boolean;
  /** When the draft was typed that came back with the page. */
  restored: string | null;
  /** The text on disk, if it is another one than the edits began with. */
  conflict: string | null;
  saving: boolean;
  setText: (text: string) => void;
  save: () => void;
  useFile: () => void;
  keepMine: () => void;
}

const drafts = storedDrafts(localStorage);
const idOf = (path: string): string => `file:${path}`;
const clean = (file: ProjectFile): Editing => ({ base: file.text, etag: file.etag, text: file.text });

/** What is edited once the file is, or is again, `file`: unsaved edits stay. */
function follow(editing: Editing | null, file: ProjectFile): Editing {
  if (editing === null || editing.text === editing.base || editing.text === file.text) return clean(file);
  return editing;
}

function keep(path: string, editing: Editing): void {
  if (editing.text === editing.base) drafts.drop(idOf(path));
  else drafts.put(idOf(path), { ...editing, at: new Date().toISOString() });
}

export function useOpenFile(path: string): OpenFile {
  const cache = useQueryClient();
  const query = useQuery({ queryKey: ["files", path], queryFn: ({ signal }) => files.read(path, signal) });
  const [draft] = useState(() => drafts.get(idOf(path)));
  const [restored, setRestored] = useState(draft?.at ?? null);
  const [editing, setEditing] = useState<Editing | null>(draft);
  const file = query.data;
  useEffect(() => {
    if (file) setEditing((current) => (current?.etag === file.etag ? current : follow(current, file)));
  }, [file]);
  useEffect(() => {
    if (editing) keep(path, editing);
  }, [path, editing]);
  const take = useCallback(
    (next: ProjectFile) => {
      cache.setQueryData(["files", path], next);
      void cache.invalidateQueries({ queryKey: ["files"], exact: true });
    },
    [cache, path],
  );
  const save = useMutation({
    mutationFn: (sent: Editing) => files.save(path, sent.text, sent.etag),
    onSuccess: (saved, sent) => {
      setRestored(null);
      // What was typed while the file was being saved stays, and is unsaved.
      setEditing((current) => ({
        ...clean(saved),
        text: current?.text === sent.text ? saved.text : (current?.text ?? ""),
      }));
      take(saved);
      toast({ title: "Saved" });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409 && file) take({ ...file, ...theirs(error) });
      else toast(failure(error));
    },
  });
  const conflict = editing && file && file.etag !== editing.etag && editing.text !== file.text ? file.text : null;
  const unsaved = editing !== null && editing.text !== editing.base;
  return {
    query,
    text: editing?.text ?? "",
    unsaved,
    restored: unsaved ? restored : null,
    conflict,
    saving: save.isPending,
    setText: useCallback((text) => setEditing((current) => current && { ...current, text }), []),
    save: () => {
      if (editing && unsaved && conflict === null && !save.isPending) save.mutate(editing);
    },
    useFile: () => file && setEditing(clean(file)),
    keepMine: () => file && setEditing((current) => current && { ...clean(file), text: current.text }),
  };
}

/** The text and etag on disk, as the refusal of a save has them. */
function theirs(error: ApiError): Pick<ProjectFile, "text" | "etag"> {
  return error.body.data as Pick<ProjectFile, "text" | "etag">;
}

function failure(error: Error): { tone: "bad"; title: string; detail: string } {
  const away = !(error instanceof ApiError) || error.status === 0 || error.status === 401;
  return {
    tone: "bad",
    title: "Not saved",
    detail: `${error.message} ${away ? "This browser keeps your edits. Save again when the server answers." : (error.hint ?? "")}`,
  };
}
