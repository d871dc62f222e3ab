import { Calendar, CornerDownRight, Hand, Phone, Table2, Zap } from "lucide-react";
import type { components } from "@/api/schema";
import { Badge } from "@/ui";

/** What starts a workflow, in one line. */
export function TriggerBadge({ trigger }: { trigger: components["schemas"]["TriggerView"] }) {
  switch (trigger.kind) {
    case "stripe":
      return (
        <Badge tone="accent" title={trigger.actions?.join(", ") ?? "every action"}>
          <Zap aria-hidden /> {trigger.family}
          {trigger.actions && trigger.actions.length > 0 && (
            <small>
              {trigger.actions.length === 1 ? `.${trigger.actions[0]}` : ` ${trigger.actions.length} actions`}
            </small>
          )}
        </Badge>
      );
    case "api":
      return (
        <Badge tone="info" mono>
          <Phone aria-hidden /> {trigger.method} {trigger.path}
        </Badge>
      );
    case "schedule":
      return (
        <Badge mono>
          <Calendar aria-hidden /> {trigger.cron}
        </Badge>
      );
    case "table":
      return (
        <Badge>
          <Table2 aria-hidden /> {trigger.table} {trigger.on?.join(", ")}
        </Badge>
      );
    case "called":
      return (
        <Badge>
          <CornerDownRight aria-hidden /> called
        </Badge>
      );
    default:
      return (
        <Badge>
          <Hand aria-hidden /> by hand
        </Badge>
      );
  }
}
