/** The outbox: every mail a workflow wrote, as its reader saw it, and what became of it. */
import { usePathParams } from "@/browser/path-params";
import { Mail } from "lucide-react";
import { useSearchParams } from "@/browser/search-params";
import { Choices, EmptyState, FilterBar, PageBody, PageHeader, SearchField, lookOf } from "@/ui";
import { MailList, STATES } from "./list";
import { MailView } from "./view";
import "./mail.css";

export function Page() {
  const { id } = usePathParams();
  const [search, setSearch] = useSearchParams();
  const status = STATES.find((word) => word === search["status"]);
  return (
    <PageBody wide>
      <PageHeader title="Email">What your workflows sent. In development, emails stay in this outbox.</PageHeader>
      <FilterBar>
        <SearchField
          label="Recipient"
          placeholder="Recipient's address"
          value={search["to"] ?? ""}
          onChange={(event) => setSearch({ to: event.target.value || undefined })}
        />
        <Choices
          label="Status"
          value={status ?? "all"}
          onChange={(value) => setSearch({ status: value === "all" ? undefined : value })}
          choices={[{ value: "all", label: "All" }, ...STATES.map((value) => ({ value, label: lookOf(value).word }))]}
        />
      </FilterBar>
      <div className="mail" data-open={id ? "yes" : "no"}>
        <MailList to={search["to"]} status={status} current={id} />
        {id ? (
          <MailView id={id} />
        ) : (
          <div className="mail-none">
            <EmptyState icon={Mail} title="No email selected">
              Select an email to read it as its recipient does.
            </EmptyState>
          </div>
        )}
      </div>
    </PageBody>
  );
}
