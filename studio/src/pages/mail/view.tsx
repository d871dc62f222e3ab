/** One email: as its recipient sees it, as text, its headers, and the source as sent. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft, Paperclip, RotateCw } from "lucide-react";
import { useState } from "react";
import { client, take } from "@/api/client";
import { useMay } from "@/api/session";
import { useSearchParams } from "@/browser/search-params";
import { Badge, Button, Code, Confirm, CopyId, ErrorNote, Facts, Skeleton, Status, Tabs, Time, toast } from "@/ui";
import { EmailFrame } from "@/components/email/frame";
import { size } from "@/components/email/preview";

const load = (id: string) => take(client.GET("/mails/{mail_id}", { params: { path: { mail_id: id } } }));
type Mail = Awaited<ReturnType<typeof load>>;

export function MailView({ id }: { id: string }) {
  const [asking, setAsking] = useState(false);
  const known = useQueryClient();
  const mail = useQuery({
    queryKey: ["mails", "one", id],
    queryFn: () => load(id),
  });
  const resend = useMutation({
    mutationFn: () => take(client.POST("/mails/{mail_id}/resend", { params: { path: { mail_id: id } } })),
    onSuccess: () => {
      void known.invalidateQueries({ queryKey: ["mails"] });
      toast({ title: "Email resent" });
    },
  });
  if (mail.isPending) return <Skeleton lines={10} />;
  if (mail.isError) return <ErrorNote error={mail.error} retry={() => void mail.refetch()} />;
  const message = mail.data;
  return (
    <article className="mail-view" aria-label={`Email: ${message.subject}`}>
      <Head mail={message} onResend={() => setAsking(true)} />
      <Contents mail={message} />
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Resend this email?"
        action="Resend"
        onConfirm={() => resend.mutateAsync()}
      >
        {message.to.join(", ")} gets the same email again, with the same Message-ID, so that mail programs show it once.
      </Confirm>
    </article>
  );
}

function Head({ mail, onResend }: { mail: Mail; onResend: () => void }) {
  const [search] = useSearchParams();
  const files = mail.attachments;
  const mayResend = useMay("support");
  return (
    <header className="mail-head">
      <Link to="/mail" search={{ to: search["to"] }} className="mail-back">
        <ArrowLeft aria-hidden /> All emails
      </Link>
      <div className="mail-title">
        <h2>{mail.subject}</h2>
        {mayResend && (
          <Button size="s" icon={<RotateCw aria-hidden />} onClick={onResend}>
            Resend
          </Button>
        )}
      </div>
      <Facts
        facts={[
          ["To", mail.to.join(", ")],
          ["From", mail.sender],
          ["Reply to", mail.reply_to],
          [
            "State",
            <MailState
              key="state"
              status={mail.status}
              error={mail.error}
              repeated={mail.repeated}
              attempts={mail.attempts}
            />,
          ],
          ["Sent", <Time key="sent" at={mail.sent_at} exact />],
          ["Template", mail.template],
          [
            "Written by",
            mail.run_id && (
              <CopyId id={mail.run_id}>
                <Link to="/runs/$id" params={{ id: mail.run_id }} className="link mono">
                  {mail.run_id}
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
  );
}

function Contents({ mail }: { mail: Mail }) {
  const [search, setSearch] = useSearchParams();
  return (
    <Tabs
      label="Format"
      value={search["view"] ?? "html"}
      onChange={(view) => setSearch({ view: view === "html" ? undefined : view })}
      tabs={[
        {
          id: "html",
          label: "HTML",
          content: <EmailFrame title={`HTML of ${mail.subject}`} html={mail.html} />,
        },
        { id: "text", label: "Text", content: <Code text={mail.text} label="text of the email" wrap /> },
        {
          id: "headers",
          label: "Headers",
          content: (
            <Code text={mail.headers.map(([name, value]) => `${name}: ${value}`).join("\n")} label="headers" wrap />
          ),
        },
        { id: "source", label: "Source", content: <Code text={mail.source} label="source" /> },
      ]}
    />
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
  const state = status === "queued" || status === "sending" ? "pending" : status === "unknown" ? "in_doubt" : status;
  return (
    <span className="mail-state">
      <Status status={state} word={status === "unknown" ? "Delivery unknown" : undefined} />
      {attempts > 1 && <Badge>{attempts} attempts</Badge>}
      {repeated && (
        <Badge
          tone="warn"
          title="The delivery of the first one was unknown, so it was sent again with the same Message-ID."
        >
          Sent twice
        </Badge>
      )}
      {error && <span className="mail-error">{error}</span>}
    </span>
  );
}
