import { CircleAlert } from "lucide-react";
import { Words } from "@/ui/basics/words";

/** Why the text of a field was not written to the file. */
export function Problem({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p className="form-note form-note-error" role="status">
      <CircleAlert size={13} aria-hidden />{" "}
      <span>
        <Words text={text} />
      </span>
    </p>
  );
}
