/** The attempts to deliver events to webhook endpoints, newest first. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { useMay } from "@/api/session";
import { Button, EmptyState, ErrorNote, Skeleton, Status, Table, Time, toast, toastError, fromUnix } from "@/ui";
import { local, type Delivery } from "./api";

export function Deliveries() {
  const navigate = useNavigate();
  const deliveries = useQuery({ queryKey: ["local", "deliveries"], queryFn: local.deliveries, refetchInterval: 3000 });
  if (deliveries.isPending) return <Skeleton />;
  if (deliveries.isError) return <ErrorNote error={deliveries.error} retry={() => void deliveries.refetch()} />;
  if (deliveries.data.data.length === 0)
    return (
      <EmptyState title="Nothing was delivered yet">
        Events are sent to every webhook endpoint as they happen. Trigger one above.
      </EmptyState>
    );
  return (
    <Table
      label="Webhook deliveries"
      compact
      rows={deliveries.data.data}
      idOf={(row) => String(row.seq)}
      onOpen={(row) => void navigate({ to: "/events/$id", params: { id: row.event } })}
      columns={[
        { id: "state", header: "State", width: "220px", cell: (row) => <DeliveryState one={row} /> },
        { id: "type", header: "Event", cell: (row) => row.type },
        {
          id: "attempt",
          header: "Attempt",
          width: "80px",
          align: "right",
          minor: true,
          cell: (row) => <span className="num">{row.attempt}</span>,
        },
        {
          id: "reply",
          header: "Answer",
          minor: true,
          cell: (row) => <code className="faint">{row.error ?? row.reply ?? ""}</code>,
        },
        {
          id: "at",
          header: "Sent",
          width: "110px",
          align: "right",
          cell: (row) => <Time at={row.sent_at === null ? null : fromUnix(row.sent_at)} />,
        },
        {
          id: "again",
          header: <span className="hidden-text">Actions</span>,
          width: "100px",
          align: "right",
          cell: (row) => <ResendButton delivery={row} />,
        },
      ]}
    />
  );
}

function ResendButton({ delivery }: { delivery: Delivery }) {
  const cache = useQueryClient();
  const may = useMay("editor");
  const resend = useMutation({
    mutationFn: () => local.redeliver(delivery.event),
    onSuccess: (answer) => {
      void cache.invalidateQueries({ queryKey: ["local", "deliveries"] });
      toast({
        title: `${delivery.type} was resent`,
        detail: `To ${answer.planned === 1 ? "one endpoint" : `${answer.planned} endpoints`}.`,
      });
    },
    onError: toastError,
  });
  return (
    <Button
      size="s"
      kind="quiet"
      icon={<Send aria-hidden />}
      disabled={!may}
      aria-label={`Resend ${delivery.type} ${delivery.event}`}
      onClick={() => resend.mutate()}
    >
      Resend
    </Button>
  );
}

function DeliveryState({ one }: { one: Delivery }) {
  if (one.status !== null && one.status >= 200 && one.status < 300)
    return <Status status="delivered" word={`Delivered (${one.status})`} />;
  if (one.state === "pending" || one.state === "planned" || one.state === "waiting")
    return <Status status="pending" word={one.attempt > 1 ? "Waiting for a retry" : "Sending"} />;
  return <Status status="failed" word={one.status ? `Refused (${one.status})` : "Not reached"} />;
}
