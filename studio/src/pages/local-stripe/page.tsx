/** The local Stripe: its objects, its clock, and everything that users can trigger there. */
import { Link } from "@tanstack/react-router";
import { CreditCard, ExternalLink } from "lucide-react";
import { useMe } from "@/api/session";
import { useSearchParams } from "@/browser/search-params";
import { Button, EmptyState, PageBody, PageHeader, Skeleton, Tabs } from "@/ui";
import { AtStripe } from "@/components/stripe-clock";
import { Controls } from "./controls";
import { Deliveries } from "./deliveries";
import { Customers, Payments, Subscriptions } from "./objects";
import "./local-stripe.css";

export function Page() {
  const me = useMe().data;
  const [search, setSearch] = useSearchParams();
  if (!me)
    return (
      <PageBody>
        <Skeleton />
      </PageBody>
    );
  if (!me.local_stripe) {
    return (
      <PageBody>
        <PageHeader title="Local Stripe" />
        <EmptyState
          icon={CreditCard}
          title="This project uses the real Stripe"
          action={
            <Button asChild>
              <Link to="/settings">See the settings</Link>
            </Button>
          }
        >
          The local Stripe runs only if the project uses it: unset the Stripe keys and start with{" "}
          <code>payloom dev</code>.
        </EmptyState>
      </PageBody>
    );
  }
  return (
    <PageBody>
      <PageHeader
        title="Local Stripe"
        actions={
          <Button asChild>
            <a href={me.local_stripe} target="_blank" rel="noreferrer">
              <ExternalLink aria-hidden /> Open local Stripe
            </a>
          </Button>
        }
      >
        Responds like Stripe, on this machine: no account, no network, no money. <code>{me.local_stripe}</code>
      </PageHeader>
      <Controls />
      <AtStripe>
        <Tabs
          label="What the local Stripe holds"
          value={search["tab"] ?? "payments"}
          onChange={(tab) => setSearch({ tab: tab === "payments" ? undefined : tab })}
          tabs={[
            { id: "payments", label: "Payments", content: <Payments /> },
            { id: "customers", label: "Customers", content: <Customers /> },
            { id: "subscriptions", label: "Subscriptions", content: <Subscriptions /> },
            { id: "deliveries", label: "Webhook deliveries", content: <Deliveries /> },
          ]}
        />
      </AtStripe>
    </PageBody>
  );
}
