/** A workflow by its name, as every page calls it; by its id until the names are known, or once it is deleted. */
import { useQuery } from "@tanstack/react-query";
import { client, take } from "@/api/client";

/** The project's workflows: one answer for all that shows or names them. */
export const useWorkflows = (enabled = true) =>
  useQuery({
    queryKey: ["workflows", "list"],
    queryFn: ({ signal }) => take(client.GET("/workflows", { signal })),
    enabled,
  });

export function useWorkflowName(): (id: string) => string {
  const workflows = useWorkflows().data?.data;
  return (id) => workflows?.find((workflow) => workflow.id === id)?.name || id;
}

export const WorkflowName = ({ id }: { id: string }) => <span title={id}>{useWorkflowName()(id)}</span>;
