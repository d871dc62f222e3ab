/** Which workflows a person can start by hand, and as what they were made: for staff, or for customers. */
import { useQuery } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { hasRole, type Me } from "@/api/session";

type Workflow = components["schemas"]["WorkflowLine"];

/** Whether the server lets this person start it: the rule of `permit_start`, for what is shown. */
export function mayStart(workflow: Pick<Workflow, "triggers">, me: Me | undefined): boolean {
  if (me === undefined || !hasRole(me, "support")) return false;
  const endpoints = workflow.triggers.filter((trigger) => trigger.kind === "api");
  if (me.role === "admin") return endpoints.length > 0 || workflow.triggers.some(({ kind }) => kind === "manual");
  return endpoints.length > 0 && endpoints.every(({ auth }) => allows(auth, me.roles));
}

const allows = (auth: unknown, roles: readonly string[]): boolean =>
  Array.isArray(auth) ? auth.some((role) => roles.includes(String(role))) : typeof auth === "string";

/** Whether it was made for staff: started by hand, or by the project's roles, and changes something. */
export const isForStaff = ({ triggers }: Pick<Workflow, "triggers">): boolean =>
  triggers.some(
    ({ kind, auth, method }) => kind === "manual" || (kind === "api" && Array.isArray(auth) && method !== "GET"),
  );

export const useWorkflow = (id: string) => useQuery(workflowQuery(id));

export const workflowQuery = (id: string) => ({
  queryKey: ["workflows", "one", id],
  queryFn: () => take(client.GET("/workflows/{workflow_id}", { params: { path: { workflow_id: id } } })),
});
