/** What staff can do about something: the workflows that take its id, each with a form that has it filled in. */
import { useQueries } from "@tanstack/react-query";
import { ChevronDown, Play } from "lucide-react";
import { useState } from "react";
import { useMay, useMe } from "@/api/session";
import { Button, Menu, MenuItem } from "@/ui";
import { useWorkflows } from "../workflow-name";
import { filledBy } from "./inputs";
import { StartDialog } from "./start-dialog";
import { isForStaff, mayStart, workflowQuery } from "./startable";

/** Those for staff that one of the known ids fills. */
function useAbout(given: Readonly<Record<string, string>>): { id: string; name: string }[] {
  const me = useMe().data;
  const list = useWorkflows(useMay("support"));
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
