/** The mails, newest first, as a list of links. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Mail } from "lucide-react";
import { useEffect, useState } from "react";
import { MOST_ITEMS } from "@/api/bulk";
import { client, take } from "@/api/client";
import { useMay } from "@/api/session";
import { Bulk } from "@/components/bulk/bulk";
import { Button, Checkbox, EmptyState, ErrorNote, Skeleton, StatusIcon, Time } from "@/ui";
import type { paths } from "@/api/schema";

type Status = NonNullable<NonNullable<paths["/mails"]["get"]["parameters"]["query"]>["status"]>;

export const STATES: readonly Status[] = ["failed", "unknown", "queued", "sending", "sent"];

interface MailListProps {
  to: string | undefined;
  status: Status | undefined;
  current: string | undefined;
}

export function MailList({ to, status, current }: MailListProps) {
  const mails = useMails(to, status);
  const mayResend = useMay("support");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setChosen(new Set()), [to, status]);
  if (mails.isPending) return <Skeleton lines={8} />;
  if (mails.isError) return <ErrorNote error={mails.error} retry={() => void mails.refetch()} />;
  const all = mails.data.pages.flatMap((page) => page.data);
  if (all.length === 0) return <NoMail to={to} status={status} />;
  const selectAll = async () => {
    const page = await load(to, status, MOST_ITEMS);
    setChosen(new Set(page.data.map((mail) => mail.id)));
  };
  return (
    <div className="mail-side">
      {mayResend && (
        <Selection
          ids={all.map((mail) => mail.id)}
          chosen={chosen}
          onChange={setChosen}
          selectMore={mails.hasNextPage ? selectAll : undefined}
        />
      )}
      <ul className="mail-list" aria-label="Emails">
        {all.map((mail) => (
          <li key={mail.id} className="mail-row">
            {mayResend && (
              <Checkbox
                label={`Select ${mail.subject}, to ${mail.to.join(", ")}`}
                hideLabel
                checked={chosen.has(mail.id)}
                onChange={(on) => setChosen(changed(chosen, mail.id, on))}
              />
            )}
            <Item mail={mail} current={mail.id === current} search={{ to, status }} />
          </li>
        ))}
      </ul>
      {mails.hasNextPage && (
        <Button kind="quiet" busy={mails.isFetchingNextPage} onClick={() => void mails.fetchNextPage()}>
          Older emails
        </Button>
      )}
    </div>
  );
}

const load = (to: string | undefined, status: Status | undefined, limit: number, before?: string) =>
  take(client.GET("/mails", { params: { query: { to: to || undefined, status, before, limit } } }));

type Mail = Awaited<ReturnType<typeof load>>["data"][number];

const useMails = (to: string | undefined, status: Status | undefined) =>
  useInfiniteQuery({
    queryKey: ["mails", "list", to ?? "", status ?? ""],
    queryFn: ({ pageParam }) => load(to, status, 50, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (old) => old,
  });

interface ItemProps {
  mail: Mail;
  current: boolean;
  search: { to: string | undefined; status: Status | undefined };
}

const Item = ({ mail, current, search }: ItemProps) => (
  <Link
    to="/mail/$id"
    params={{ id: mail.id }}
    search={search}
    aria-current={current ? "true" : undefined}
    className="mail-item"
  >
    <span className="mail-item-top">
      <span className="mail-item-to">{mail.to.join(", ")}</span>
      <span className="faint">
        <Time at={mail.sent_at ?? mail.created_at} />
      </span>
    </span>
    <span className="mail-item-subject">
      <StatusIcon status={mail.status} />
      {mail.subject}
    </span>
    <span className="faint">{mail.template || "written in the workflow"}</span>
  </Link>
);

function changed(chosen: ReadonlySet<string>, id: string, on: boolean): ReadonlySet<string> {
  const next = new Set(chosen);
  if (on) next.add(id);
  else next.delete(id);
  return next;
}

interface SelectionProps {
  /** The loaded ones. */
  ids: string[];
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
  /** Selects also what is not loaded; absent if everything is. */
  selectMore: (() => Promise<void>) | undefined;
}

/** The box over the list, and what can be done with the selected emails. */
function Selection({ ids, chosen, onChange, selectMore }: SelectionProps) {
  const whole = ids.every((id) => chosen.has(id));
  return (
    <div className="mail-selection">
      <Checkbox
        label={`Select the ${ids.length} shown`}
        checked={whole ? true : chosen.size > 0 ? "indeterminate" : false}
        onChange={(on) => onChange(new Set(on ? ids : []))}
      />
      <Bulk
        item="email"
        selected={chosen}
        offers={[{ kind: "resend", ids: [...chosen] }]}
        clear={() => onChange(new Set())}
        selectMore={whole ? selectMore : undefined}
      />
    </div>
  );
}

function NoMail({ to, status }: Pick<MailListProps, "to" | "status">) {
  if (to)
    return <EmptyState title="No email to this address">Enter the whole address. Case doesn't matter.</EmptyState>;
  if (status) return <EmptyState title="No email in this state">Select All to see the others.</EmptyState>;
  return (
    <EmptyState icon={Mail} title="No email yet">
      Emails appear here when a workflow runs an <code>email</code> step. Add one under{" "}
      <Link to="/workflows" className="link">
        Workflows
      </Link>
      .
    </EmptyState>
  );
}
