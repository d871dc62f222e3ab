/** Where a search begins: one field for any id or address, with suggestions as one types, and the latest payments. */
import type { components } from "@/api/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { client, take } from "@/api/client";
import { useMe } from "@/api/session";
import { FirstPayment } from "@/components/first-payment";
import { useSearchParams } from "@/browser/search-params";
import { Badge, EmptyState, ErrorNote, Money, PageHeader, SearchField, Section, Skeleton, Status, Time } from "@/ui";
import { lookOfKind } from "./kinds";

export function Find() {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const [text, setText] = useState(search["q"] ?? "");
  const query = useDeferredValue(text.trim());
  const hits = useQuery({
    queryKey: ["journey", "search", query],
    queryFn: ({ signal }) => take(client.GET("/search", { params: { query: { q: query } }, signal })),
    enabled: query.length >= 3,
    placeholderData: (old) => old,
  });
  return (
    <>
      <PageHeader title="Payments" name="Payments">
        Enter any ID or email address to see everything related to it on one timeline: order, session, payment, refunds,
        events, runs, and emails.
      </PageHeader>
      <form
        role="search"
        className="journey-find"
        onSubmit={(event) => {
          event.preventDefault();
          const first = hits.data?.data[0];
          if (text.trim())
            void navigate({
              to: "/journey/$id",
              params: { id: first && first.id.toLowerCase() === text.trim().toLowerCase() ? first.id : text.trim() },
            });
        }}
      >
        <SearchField
          label="Any ID or email address"
          placeholder="Order, cus_…, cs_…, pi_…, ch_…, re_…, sub_…, in_…, evt_…, run, or email address"
          autoFocus
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setSearch({ q: event.target.value || undefined });
          }}
        />
      </form>
      {query.length >= 3 ? <Suggestions asked={query} {...hits} /> : <Latest />}
    </>
  );
}

type Found = components["schemas"]["SearchAnswer"];

function Suggestions({
  asked,
  data,
  isPending,
  isError,
  error,
  refetch,
}: {
  asked: string;
  data: Found | undefined;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}) {
  if (isPending) return <Skeleton lines={4} />;
  if (isError) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (!data || data.data.length === 0) {
    return (
      <EmptyState title={`Nothing is related to “${asked}”`}>
        Enter the whole ID. Old events and finished runs are deleted after the days set by <code>keep_runs</code>.
      </EmptyState>
    );
  }
  return (
    <ul className="journey-found" aria-label="Found">
      {data.data.map((row) => {
        const { icon: Icon, word } = lookOfKind(row.kind);
        return (
          <li key={`${row.kind} ${row.id}`}>
            <Link to="/journey/$id" params={{ id: row.id }} className="journey-hit">
              <Icon aria-hidden />
              <span className="journey-hit-title">{row.title}</span>
              <span className="faint journey-hit-detail">{row.detail}</span>
              <Badge>{word}</Badge>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

function Latest() {
  const local = useMe().data?.local_stripe;
  const overview = useQuery({ queryKey: ["overview"], queryFn: () => take(client.GET("/overview")) });
  if (overview.isPending) return <Skeleton lines={6} />;
  if (overview.isError) return <ErrorNote error={overview.error} retry={() => void overview.refetch()} />;
  const payments = overview.data.payments;
  if (payments.length === 0) {
    return (
      <EmptyState icon={Activity} title="No payments yet" action={<FirstPayment />}>
        {local
          ? "Test payments succeed with the card 4242 4242 4242 4242, any future date, any CVC, and any ZIP code."
          : "A payment appears here with the first event that Stripe sends about it."}
      </EmptyState>
    );
  }
  return (
    <Section title="Latest payments">
      <ul className="journey-found" aria-label="Latest payments">
        {payments.map((payment) => {
          const { icon: Icon } = lookOfKind("intent");
          return (
            <li key={payment.id}>
              <Link to="/journey/$id" params={{ id: payment.id }} className="journey-hit">
                <Icon aria-hidden />
                <span className="journey-hit-title">
                  <Money amount={payment.amount} currency={payment.currency} />
                </span>
                <span className="faint journey-hit-detail">
                  {payment.email && `${payment.email} `}
                  <code>{payment.id}</code>
                </span>
                <Status status={payment.status} quiet />
                <span className="faint">
                  <Time at={payment.at} />
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
