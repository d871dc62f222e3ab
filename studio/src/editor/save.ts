/** Saving from the keyboard and from the header. */
import { toast } from "@/ui";
import { useEditor } from "./document/store";
import { flushFields } from "./forms/draft";

/** Save the document and report the result as a toast; returns whether the file now has the text. */
export async function saveNow(): Promise<boolean> {
  // What was typed into a form and not yet taken over belongs to what is saved.
  flushFields();
  const result = await useEditor.getState().save();
  if (result.kind === "failed")
    toast({ tone: "bad", title: result.message, ...(result.hint ? { detail: result.hint } : {}) });
  if (result.kind === "waiting" && useEditor.getState().away !== null)
    toast({
      tone: "bad",
      title: "Not saved yet",
      detail: "This browser keeps your edits and saves them when the server answers.",
    });
  if (result.kind === "saved") {
    const { publishError, unpublished } = useEditor.getState();
    if (publishError !== null) toast({ tone: "bad", title: "Saved, but not published", detail: publishError });
    else toast({ title: unpublished ? "Saved" : "Saved and published" });
  }
  return result.kind === "saved" || result.kind === "unchanged";
}
