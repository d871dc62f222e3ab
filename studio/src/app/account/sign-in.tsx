/** Sign-in: a one-time link from the terminal. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { useSignIn, type Me } from "@/api/session";
import { Button } from "@/ui/basics/button";
import { Command, ErrorNote } from "@/ui/layout/empty";
import { Field, Input } from "@/ui/controls/field";
import { Logo } from "@/components/logo";
import { useSearchParams } from "@/browser/search-params";

/** The token in a pasted link, or what was pasted. */
export function tokenOf(text: string): string {
  return /[?&#]token=([^&\s]+)/.exec(text)?.[1] ?? text.trim();
}

export function SignIn({ refused, signedIn }: { refused: Error | null; signedIn: Me | undefined }) {
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const signIn = useSignIn();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const used = useRef(false);
  const here = window.location.pathname.endsWith("/sign-in");
  const token = here ? search["token"] : undefined;

  const enter = async (token: string) => {
    setBusy(true);
    setProblem(null);
    try {
      const next = await signIn(token);
      if (next !== null) window.location.assign(`${next}?next=/studio/`);
      else if (here) await navigate({ to: "/", search: {}, replace: true });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  useEffect(() => {
    document.title = "Sign in · Payloom";
    // A link's token works once; React's strict mode runs effects twice.
    if (!token || used.current) return;
    used.current = true;
    void enter(token);
  });
  useEffect(() => {
    if (here && !token && signedIn) void navigate({ to: "/", search: {}, replace: true });
  }, [here, token, signedIn, navigate]);

  const forbidden = refused instanceof ApiError && refused.status === 403;
  return (
    <main className="alone">
      <div className="sign-in">
        <Logo size={36} />
        <h1>Payloom Studio</h1>
        {busy ? (
          <p className="soft" role="status">
            Signing you in …
          </p>
        ) : (
          <>
            {problem !== null && <ErrorNote error={problem} />}
            {forbidden && <ErrorNote error={refused} />}
            {forbidden && refused.code === "second_factor_missing" && <a href="/second-factor">Add a second factor</a>}
            <LinkForm onToken={(token) => void enter(token)} />
            <OtherWays />
          </>
        )}
      </div>
    </main>
  );
}

const OtherWays = () => (
  <>
    <p>
      <a href="/sign-in?next=/studio/" className="link">
        Sign in with email and password
      </a>
    </p>
    <p className="faint">No link? Create one on the server's machine:</p>
    <Command text="payloom studio" />
  </>
);

function LinkForm({ onToken }: { onToken: (token: string) => void }) {
  const [pasted, setPasted] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (pasted.trim()) onToken(tokenOf(pasted));
      }}
    >
      <Field label="One-time link" hint="The server prints one when it starts. It works once.">
        {(attributes) => (
          <Input
            {...attributes}
            mono
            value={pasted}
            autoComplete="off"
            placeholder="…/studio/sign-in?token=…"
            onChange={(event) => setPasted(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" disabled={!pasted.trim()}>
        Sign in
      </Button>
    </form>
  );
}
