/** The server does not answer: one note on every page, until it does. */
import { useEffect, useState } from "react";
import { CloudOff } from "lucide-react";
import { useLiveState } from "@/api/live-events";

/** Milliseconds: a server that restarts answers again sooner, and needs no note. */
const PATIENCE = 1500;

export function AwayNote() {
  const lost = useLiveState() === "lost";
  const [away, setAway] = useState(false);
  useEffect(() => {
    if (!lost) {
      setAway(false);
      return undefined;
    }
    const timer = setTimeout(() => setAway(true), PATIENCE);
    return () => clearTimeout(timer);
  }, [lost]);
  if (!away) return null;
  return (
    <div className="project-note" role="alert">
      <CloudOff aria-hidden />
      <p>
        Can't reach the server. The studio tries again until it answers. Is <code>payloom dev</code> still running? What
        you see might be old, and what you typed stays.
      </p>
    </div>
  );
}
