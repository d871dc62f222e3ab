import { verbIcon } from "@/ui/format/verbs";

/** A step's verb as on the canvas. */
export function VerbIcon({ verb }: { verb: string }) {
  const Icon = verbIcon(verb);
  return <Icon aria-hidden className="verb-icon" />;
}
