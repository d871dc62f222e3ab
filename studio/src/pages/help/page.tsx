/** Help: the keyboard shortcuts, and what the words of the studio mean. */
import { useSearchText } from "@/browser/search-params";
import { ShortcutGroups } from "@/components/shortcut-groups";
import { Facts, FilterBar, PageBody, PageHeader, SearchField, Section } from "@/ui";
import { GLOSSARY } from "./glossary";

const EDITOR_KEYS = {
  "In the editor": [
    { keys: "mod+s", label: "Save" },
    { keys: "mod+z", label: "Undo" },
    { keys: "mod+shift+z", label: "Redo" },
  ],
  "On the canvas": [
    { keys: "enter", label: "Open the step's form" },
    { keys: "a", label: "Add a step" },
    { keys: "mod+c", label: "Copy the steps" },
    { keys: "mod+v", label: "Paste steps" },
    { keys: "mod+d", label: "Duplicate the step" },
    { keys: "alt+up", label: "Move the step up" },
    { keys: "alt+down", label: "Move the step down" },
    { keys: "0", label: "Show everything" },
  ],
};

export function Page() {
  const [text, setText] = useSearchText();
  const query = text.trim().toLowerCase();
  const terms = GLOSSARY.filter(({ term, meaning }) => `${term} ${meaning}`.toLowerCase().includes(query));
  return (
    <PageBody>
      <PageHeader title="Help" />
      <Section title="Words">
        <FilterBar>
          <SearchField
            label="Search words"
            placeholder="Retry, lane, version …"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </FilterBar>
        {terms.length === 0 && <p className="faint">No matching words.</p>}
        <Facts facts={terms.map(({ term, meaning }) => [term, meaning])} />
      </Section>
      <Section title="Keyboard shortcuts">
        <ShortcutGroups more={EDITOR_KEYS} />
      </Section>
    </PageBody>
  );
}
