/** A workflow by its name, as every page calls it; by its id until the names are known, or once it is deleted. */
import { useQuery } from "@tanstack/react-query";
import { client, take } from "@/api/client";

export function useWorkflowName(): (id: string) => string {
  const workflows = useQuery({
    queryKey: ["workflows", "list"],
    queryFn: ({ signal }) => take(client.GET("/workflows", { signal })),
  }).data?.data;
  return (id) => workflows?.find((workflow) => workflow.id === id)?.name || id;
}

export const WorkflowName = ({ id }: { id: string }) => <span title={id}>{useWorkflowName()(id)}</span>;
