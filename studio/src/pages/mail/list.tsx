/** The mails, newest first, as a list of links. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Mail } from "lucide-react";
import { Button, EmptyState, ErrorNote, Skeleton, StatusIcon, Time } from "@/ui";
import { client, take } from "@/api/client";
import type { paths } from "@/api/schema";

type Status = NonNullable<NonNullable<paths["/mails"]["get"]["parameters"]["query"]>["status"]>;

export const STATES: readonly Status[] = ["failed", "unknown", "queued", "sending", "sent"];

interface MailListProps {
  to: string | undefined;
  status: Status | undefined;
  current: string | undefined;
}

export function MailList({ to, status, current }: MailListProps) {
  const mails = useInfiniteQuery({
    queryKey: ["mails", "list", to ?? "", status ?? ""],
    queryFn: ({ pageParam }) =>
      take(client.GET("/mails", { params: { query: { to: to || undefined, status, before: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (old) => old,
  });
  if (mails.isPending) return <Skeleton lines={8} />;
  if (mails.isError) return <ErrorNote error={mails.error} retry={() => void mails.refetch()} />;
  const all = mails.data.pages.flatMap((page) => page.data);
  if (all.length === 0) return <NoMail to={to} status={status} />;
  return (
    <div className="mail-side">
      <ul className="mail-list" aria-label="Emails">
        {all.map((mail) => (
          <li key={mail.id}>
            <Link
              to="/mail/$id"
              params={{ id: mail.id }}
              search={{ to, status }}
              aria-current={mail.id === current ? "true" : undefined}
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
