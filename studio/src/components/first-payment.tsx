/** How a project gets its first payment or event: what every empty page offers, and only what this project can do. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CreditCard, ExternalLink } from "lucide-react";
import { request } from "@/api/client";
import { useMay, useMe } from "@/api/session";
import { Button, toast, toastError } from "@/ui";

const SAMPLE = "payment_intent.succeeded";

/** The site, if the project has pages; a test payment, if it has the local Stripe and the person may use it. */
export function FirstPayment() {
  const me = useMe().data;
  const mayTrigger = useMay("editor") && Boolean(me?.local_stripe);
  return (
    <div className="empty-actions">
      {me?.has_pages && (
        <Button {...(mayTrigger ? {} : { kind: "primary" as const })} asChild>
          <a href={me.site_url} target="_blank" rel="noreferrer">
            <ExternalLink aria-hidden /> Open the site
          </a>
        </Button>
      )}
      {mayTrigger && <TestPayment />}
    </div>
  );
}

function TestPayment() {
  const cache = useQueryClient();
  const trigger = useMutation({
    mutationFn: () => request("POST", "/local-stripe/control/trigger", { body: { event: SAMPLE } }),
    onSuccess: () => {
      toast({ tone: "good", title: "Payment made", detail: `The local Stripe sends ${SAMPLE}.` });
      void cache.invalidateQueries();
    },
    onError: toastError,
  });
  return (
    <Button kind="primary" busy={trigger.isPending} icon={<CreditCard aria-hidden />} onClick={() => trigger.mutate()}>
      Make a test payment
    </Button>
  );
}
