/** Asks who is signed in for a fresh proof, when a dangerous change needs one. The change goes on afterwards. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { prove, proveByPasskey, readFactors } from "@/api/own-account";
import { Button } from "@/ui/basics/button";
import { Dialog } from "@/ui/overlays/dialog";
import { ErrorNote, Skeleton } from "@/ui/layout/empty";
import { Field, Input } from "@/ui/controls/field";
import { answerProof, useProofAsked } from "./prove-store";

export function Prove() {
  const isOpen = useProofAsked();
  return (
    <Dialog
      open={isOpen}
      onOpenChange={(open) => !open && answerProof(false)}
      title="Confirm that it's you"
      description="This change needs a fresh proof."
      size="s"
    >
      {isOpen && <Proof />}
    </Dialog>
  );
}

function Proof() {
  const factors = useQuery({ queryKey: ["own-factors"], queryFn: readFactors, staleTime: 0 });
  const [text, setText] = useState("");
  const enrolled = factors.data ? factors.data.app || factors.data.passkeys.length > 0 : false;
  const send = useMutation({
    mutationFn: (by: "text" | "passkey"): Promise<unknown> =>
      by === "passkey" ? proveByPasskey() : prove(enrolled ? { code: text } : { password: text }),
    onSuccess: () => answerProof(true),
    onError: () => setText(""),
  });
  if (factors.isPending) return <Skeleton lines={2} />;
  if (factors.isError) return <ErrorNote error={factors.error} retry={() => void factors.refetch()} />;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate("text");
      }}
    >
      {factors.data.passkeys.length > 0 && (
        <Button busy={send.isPending} onClick={() => send.mutate("passkey")}>
          Use a passkey
        </Button>
      )}
      <Field
        label={enrolled ? "Code" : "Password"}
        hint={enrolled ? "Of your authenticator app, or a recovery code." : "Of your account."}
      >
        {(attributes) => (
          <Input
            {...attributes}
            type={enrolled ? "text" : "password"}
            autoComplete={enrolled ? "one-time-code" : "current-password"}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      {send.isError && <ErrorNote error={send.error} compact />}
      <Button type="submit" kind="primary" busy={send.isPending} disabled={!text}>
        Confirm
      </Button>
    </form>
  );
}
