import { CircleAlert } from "lucide-react";

/** Why what stands in a field was not written. */
export function Problem({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p className="form-note form-note-error" role="status">
      <CircleAlert size={13} aria-hidden /> <span>{text}</span>
    </p>
  );
}
