/** The attempts to deliver events to webhook endpoints, newest first. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { useMay } from "@/api/session";
import { Button, EmptyState, ErrorNote, Skeleton, Status, Table, Time, toast, toastError, fromUnix } from "@/ui";
import { local, type Delivery } from "./api";

export function Deliveries() {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const may = useMay("editor");
  const found = useQuery({ queryKey: ["local", "deliveries"], queryFn: local.deliveries, refetchInterval: 3000 });
  const again = useMutation({
    mutationFn: (one: Delivery) => local.redeliver(one.event),
    onSuccess: (answer, one) => {
      void cache.invalidateQueries({ queryKey: ["local", "deliveries"] });
      toast({
        title: `${one.type} was resent`,
        detail: `To ${answer.planned === 1 ? "one endpoint" : `${answer.planned} endpoints`}.`,
      });
    },
    onError: toastError,
  });
  if (found.isPending) return <Skeleton />;
  if (found.isError) return <ErrorNote error={found.error} retry={() => void found.refetch()} />;
  if (found.data.data.length === 0)
    return (
      <EmptyState title="Nothing was delivered yet">
        Events are sent to every webhook endpoint as they happen. Trigger one above.
      </EmptyState>
    );
  return (
    <Table
      label="Webhook deliveries"
      compact
      rows={found.data.data}
      idOf={(one) => String(one.seq)}
      onOpen={(one) => void navigate({ to: "/events/$id", params: { id: one.event } })}
      columns={[
        { id: "state", header: "State", width: "220px", cell: (one) => <DeliveryState one={one} /> },
        { id: "type", header: "Event", cell: (one) => one.type },
        {
          id: "attempt",
          header: "Attempt",
          width: "80px",
          align: "right",
          minor: true,
          cell: (one) => <span className="num">{one.attempt}</span>,
        },
        {
          id: "reply",
          header: "Answer",
          minor: true,
          cell: (one) => <code className="faint">{one.error ?? one.reply ?? ""}</code>,
        },
        {
          id: "at",
          header: "Sent",
          width: "110px",
          align: "right",
          cell: (one) => <Time at={one.sent_at === null ? null : fromUnix(one.sent_at)} />,
        },
        {
          id: "again",
          header: <span className="hidden-text">Actions</span>,
          width: "100px",
          align: "right",
          cell: (one) => (
            <Button
              size="s"
              kind="quiet"
              icon={<Send aria-hidden />}
              disabled={!may}
              aria-label={`Resend ${one.type} ${one.event}`}
              onClick={() => again.mutate(one)}
            >
              Resend
            </Button>
          ),
        },
      ]}
    />
  );
}

function DeliveryState({ one }: { one: Delivery }) {
  if (one.status !== null && one.status >= 200 && one.status < 300)
    return <Status status="delivered" word={`Delivered (${one.status})`} />;
  if (one.state === "pending" || one.state === "planned" || one.state === "waiting")
    return <Status status="pending" word={one.attempt > 1 ? "Waiting for a retry" : "Sending"} />;
  return <Status status="failed" word={one.status ? `Refused (${one.status})` : "Not reached"} />;
}
