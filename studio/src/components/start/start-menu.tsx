/** What staff can do about something: the workflows that take its id, each with a form that has it filled in. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { ChevronDown, Play } from "lucide-react";
import { useState } from "react";
import { client, take } from "@/api/client";
import { useMay, useMe } from "@/api/session";
import { Button, Menu, MenuItem } from "@/ui";
import { filledBy } from "./inputs";
import { StartDialog } from "./start-dialog";
import { isForStaff, mayStart, workflowQuery } from "./startable";

/** Those for staff that one of the known ids fills. */
function useAbout(given: Readonly<Record<string, string>>): { id: string; name: string }[] {
  const me = useMe().data;
  const may = useMay("support");
  const list = useQuery({
    queryKey: ["workflows", "list"],
    queryFn: ({ signal }) => take(client.GET("/workflows", { signal })),
    enabled: may,
  });
  const candidates = (list.data?.data ?? []).filter((workflow) => isForStaff(workflow) && mayStart(workflow, me));
  const details = useQueries({ queries: candidates.map(({ id }) => workflowQuery(id)) });
  return candidates.filter((_, index) => filledBy(details[index]?.data?.input, given).length > 0);
}

export function StartMenu({ given }: { given: Readonly<Record<string, string>> }) {
  const about = useAbout(given);
  const [chosen, setChosen] = useState<string | null>(null);
  if (about.length === 0) return null;
  return (
    <>
      <Menu
        trigger={
          <Button>
            Actions <ChevronDown aria-hidden />
          </Button>
        }
      >
        {about.map(({ id, name }) => (
          <MenuItem key={id} icon={<Play aria-hidden />} onSelect={() => setChosen(id)}>
            {name}…
          </MenuItem>
        ))}
      </Menu>
      {chosen !== null && <StartDialog workflow={chosen} given={given} close={() => setChosen(null)} />}
    </>
  );
}
