/** One mail: as its reader sees it, as text, its headers, and the source as sent. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft, Paperclip, RotateCw } from "lucide-react";
import { useState } from "react";
import { client, take } from "@/api/client";
import { useSearchParams } from "@/browser/search-params";
import { Badge, Button, Code, Confirm, CopyId, ErrorNote, Facts, Skeleton, Status, Tabs, Time, toast } from "@/ui";
import { preview, size } from "./preview";

export function MailView({ id }: { id: string }) {
  const [search, setSearch] = useSearchParams();
  const [asking, setAsking] = useState(false);
  const known = useQueryClient();
  const mail = useQuery({
    queryKey: ["mails", "one", id],
    queryFn: () => take(client.GET("/mails/{mail_id}", { params: { path: { mail_id: id } } })),
  });
  const resend = useMutation({
    mutationFn: () => take(client.POST("/mails/{mail_id}/resend", { params: { path: { mail_id: id } } })),
    onSuccess: () => {
      void known.invalidateQueries({ queryKey: ["mails"] });
      toast({ title: "The mail was sent again" });
    },
  });
  if (mail.isPending) return <Skeleton lines={10} />;
  if (mail.isError) return <ErrorNote error={mail.error} retry={() => void mail.refetch()} />;
  const one = mail.data;
  const files = one.attachments;
  return (
    <article className="mail-view" aria-label={`Mail: ${one.subject}`}>
      <header className="mail-head">
        <Link to="/mail" search={{ to: search["to"] }} className="mail-back">
          <ArrowLeft aria-hidden /> All mails
        </Link>
        <div className="mail-title">
          <h2>{one.subject}</h2>
          <Button size="s" icon={<RotateCw aria-hidden />} onClick={() => setAsking(true)}>
            Send again
          </Button>
        </div>
        <Facts
          facts={[
            ["To", one.to.join(", ")],
            ["From", one.sender],
            ["Reply to", one.reply_to],
            [
              "State",
              <MailState
                key="state"
                status={one.status}
                error={one.error}
                repeated={one.repeated}
                attempts={one.attempts}
              />,
            ],
            ["Sent", <Time key="sent" at={one.sent_at} exact />],
            ["Template", one.template],
            [
              "Written by",
              one.run_id && (
                <CopyId id={one.run_id}>
                  <Link to="/runs/$id" params={{ id: one.run_id }} className="link mono">
                    {one.run_id}
                  </Link>
                </CopyId>
              ),
            ],
          ]}
        />
        {files.length > 0 && (
          <p className="mail-files">
            <Paperclip aria-hidden /> {files.map((file) => `${file.name} (${size(file.size)})`).join(", ")}
          </p>
        )}
      </header>
      <Tabs
        label="How to read it"
        value={search["view"] ?? "html"}
        onChange={(view) => setSearch({ view: view === "html" ? undefined : view })}
        tabs={[
          {
            id: "html",
            label: "HTML",
            // Sandboxed without scripts: a mail's HTML may come from what a customer typed.
            content: (
              <iframe title={`HTML of ${one.subject}`} className="mail-frame" sandbox="" srcDoc={preview(one.html)} />
            ),
          },
          { id: "text", label: "Text", content: <Code text={one.text} label="text of the mail" wrap /> },
          {
            id: "headers",
            label: "Headers",
            content: (
              <Code text={one.headers.map(([name, value]) => `${name}: ${value}`).join("\n")} label="headers" wrap />
            ),
          },
          { id: "source", label: "Source", content: <Code text={one.source} label="source" /> },
        ]}
      />
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Send this mail again?"
        action="Send again"
        onConfirm={() => resend.mutateAsync()}
      >
        {one.to.join(", ")} gets the same mail once more, with the same Message-ID, so that mail programs show one.
      </Confirm>
    </article>
  );
}

function MailState({
  status,
  error,
  repeated,
  attempts,
}: {
  status: string;
  error: string | null;
  repeated: boolean;
  attempts: number;
}) {
  const shown = status === "queued" || status === "sending" ? "pending" : status === "unknown" ? "in_doubt" : status;
  return (
    <span className="mail-state">
      <Status status={shown} word={status === "unknown" ? "Nobody knows whether it left" : undefined} />
      {attempts > 1 && <Badge>{attempts} attempts</Badge>}
      {repeated && (
        <Badge
          tone="warn"
          title="Nobody knew whether the first one left, so it was sent again with the same Message-ID."
        >
          Sent twice
        </Badge>
      )}
      {error && <span className="mail-error">{error}</span>}
    </span>
  );
}
