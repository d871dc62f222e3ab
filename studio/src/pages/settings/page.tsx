/** The settings in force: where this runs, which Stripe, whether webhooks arrive, who may come in, and the theme. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay, useMe } from "@/api/session";
import {
  Badge,
  Card,
  count,
  CopyId,
  ErrorNote,
  Facts,
  PageBody,
  PageHeader,
  Section,
  Skeleton,
  Status,
  Time,
} from "@/ui";
import { Appearance } from "./appearance";
import { OwnAccount } from "./own-account";
import { People } from "./people";
import "./settings.css";

export function Page() {
  const mayLook = useMay("support");
  const settings = useQuery({ queryKey: ["settings"], queryFn: () => take(client.GET("/settings")) });
  return (
    <PageBody>
      <PageHeader title="Settings">
        Read from <code>payloom.yaml</code> and the environment when the server started. Change them there; secrets are
        never shown here.
      </PageHeader>
      {settings.isPending && <Skeleton lines={10} />}
      {settings.isError && <ErrorNote error={settings.error} retry={() => void settings.refetch()} />}
      {settings.data && <SettingsView settings={settings.data} />}
      <OwnAccount />
      {mayLook && <People />}
      <Appearance />
    </PageBody>
  );
}

type Settings = components["schemas"]["SettingsView"];

function SettingsView({ settings }: { settings: Settings }) {
  const me = useMe().data;
  return (
    <div className="settings">
      <Group title="This server">
        <Facts
          facts={[
            ["Project", settings.name],
            ["Environment", <Badge key="env">{settings.environment}</Badge>],
            ["Address", <CopyId key="site" id={settings.site_url} />],
            ["Folder", <code key="root">{settings.root}</code>],
            ["Database", <code key="db">{settings.database_url}</code>],
            ["Finished runs kept", count(settings.keep_runs, "day")],
            ["Refused runs kept", count(settings.keep_refused, "day")],
            ["Failed runs kept", count(settings.keep_failed, "day")],
            ["Emails kept", count(settings.keep_mails, "day")],
            ["Workflow files", me && (me.editable ? "can be changed here" : "are read-only here")],
            ["Version", me?.version],
          ]}
        />
      </Group>
      <Group title="Stripe">
        <Facts
          facts={[
            ["Mode", <StripeMode key="mode" mode={settings.stripe.mode} />],
            ["Address", <code key="base">{settings.stripe.api_base}</code>],
            ["Publishable key", <CopyId key="pk" id={settings.stripe.publishable_key} />],
            ["Secret key", <code key="sk">{settings.stripe.secret_key}</code>],
          ]}
        />
      </Group>
      <WebhookSettings settings={settings} />
      <Group title="Email">
        <Facts
          facts={[
            ["Transport", settings.email.transport === "smtp" ? "SMTP" : "none: emails stay in the outbox"],
            ["Sender", settings.email.sender],
            ["SMTP address", settings.email.url && "set"],
          ]}
        />
      </Group>
      <Group title="Readable by workflows">
        <Facts
          facts={[
            ["env", <Names key="env" names={settings.env} />],
            ["secrets", <Names key="secrets" names={settings.secrets} />],
            ["HTTP hosts", <Names key="hosts" names={settings.http_allow} />],
          ]}
        />
      </Group>
      <ProgramAccess settings={settings} />
    </div>
  );
}

function ProgramAccess({ settings }: { settings: Settings }) {
  return (
    <Group title="Access by programs">
      <Facts
        facts={[
          ["Admin token", settings.admin_token ? "set" : "not set"],
          ["Metrics token", settings.metrics_token ? "set" : "not set"],
        ]}
      />
    </Group>
  );
}

function WebhookSettings({ settings }: { settings: Settings }) {
  return (
    <Group title="Webhooks">
      <Facts
        facts={[
          ["Endpoint", <CopyId key="url" id={settings.webhook_url} />],
          [
            "Signing secrets",
            settings.stripe.webhook_secrets === 0 ? (
              <Status key="none" status="warning" word="None: every event is rejected" />
            ) : (
              settings.stripe.webhook_secrets
            ),
          ],
          ["Last verified", <LastVerified key="verified" />],
          ["Rejected", <TurnedAway key="away" />],
        ]}
      />
    </Group>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Section title={title}>
      <Card className="settings-card">{children}</Card>
    </Section>
  );
}

function StripeMode({ mode }: { mode: string }) {
  if (mode === "live") return <Badge tone="warn">Live: real money</Badge>;
  return mode === "local" ? <Badge tone="info">Local Stripe: no account, no money</Badge> : <Badge>Test</Badge>;
}

const Names = ({ names }: { names: string[] }) =>
  names.length ? <code>{names.join(", ")}</code> : <span className="faint">none</span>;

function LastVerified() {
  const events = useQuery({
    queryKey: ["events", "newest"],
    queryFn: () => take(client.GET("/events", { params: { query: { limit: 1 } } })),
  });
  if (!events.data) return <span className="faint">–</span>;
  const newest = events.data.data[0];
  if (!newest) return <span className="faint">never: no event has arrived yet</span>;
  return (
    <span className="settings-line">
      <Time at={newest.received_at} />
      <Link to="/events/$id" params={{ id: newest.id }} className="settings-link">
        {newest.type}
      </Link>
    </span>
  );
}

function TurnedAway() {
  const rejections = useQuery({
    queryKey: ["events", "rejected"],
    queryFn: () => take(client.GET("/events/rejected")),
  });
  if (!rejections.data) return <span className="faint">–</span>;
  const total = rejections.data.data.reduce((sum: number, entry: { count: number }) => sum + entry.count, 0);
  if (total === 0) return <span className="faint">nothing</span>;
  return (
    <Link to="/events" search={{ state: "rejected" }} className="settings-link">
      <Status status="rejected" word={`${total} with a bad signature or none`} />
    </Link>
  );
}
