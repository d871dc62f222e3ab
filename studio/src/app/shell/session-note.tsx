/** The session ended while the studio is open: on every page, with the way back in. */
import { useQueryClient } from "@tanstack/react-query";
import { LogIn } from "lucide-react";
import { useSessionEnded } from "@/api/session-state";
import { Button } from "@/ui/basics/button";

export function SessionNote() {
  const cache = useQueryClient();
  if (!useSessionEnded()) return null;
  return (
    <div className="project-note" role="alert">
      <LogIn aria-hidden />
      <p>Your session has ended. This browser keeps your unsaved edits.</p>
      {/* Asking again who this is shows the page that signs in, at this address. */}
      <Button size="s" onClick={() => void cache.invalidateQueries({ queryKey: ["me"] })}>
        Sign in
      </Button>
    </div>
  );
}
