/** What is shown when a page breaks, or when an address has no page. */
import { Link, useRouter } from "@tanstack/react-router";
import { Bug, SearchX } from "lucide-react";
import { ApiError } from "@/api/client";
import { Button } from "@/ui/basics/button";
import { EmptyState, ErrorNote } from "@/ui/layout/empty";
import { PageBody, PageHeader } from "@/ui/layout/page";

/** A chunk that is gone means that the server was updated: only a new page knows the new names. */
const OUTDATED = /dynamically imported module|Importing a module script failed|Unable to preload/;

export function PageBroke({ error: thrown }: { error: unknown }) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const router = useRouter();
  if (error instanceof ApiError) {
    return (
      <PageBody>
        <PageHeader title={error.status === 404 ? "Nothing here" : "Something went wrong"} />
        <ErrorNote error={error} retry={() => void router.invalidate()} />
      </PageBody>
    );
  }
  const outdated = OUTDATED.test(error.message);
  return (
    <PageBody>
      <PageHeader title={outdated ? "The studio was updated" : "This page broke"} />
      <EmptyState
        icon={Bug}
        title={outdated ? "Reload to get the new one." : error.message}
        action={
          <div className="empty-actions">
            <Button kind="primary" onClick={() => window.location.reload()}>
              Reload
            </Button>
            <Button asChild>
              <Link to="/">Go to the overview</Link>
            </Button>
          </div>
        }
      >
        {!outdated &&
          "Your data is safe: this is an error of the studio, not of a workflow. Unsaved edits are kept in this browser, over a reload, too."}
      </EmptyState>
    </PageBody>
  );
}

export function NoPage() {
  return (
    <PageBody>
      <PageHeader title="Nothing here" />
      <EmptyState
        icon={SearchX}
        title="The studio has no page at this address."
        action={
          <Button asChild>
            <Link to="/">Go to the overview</Link>
          </Button>
        }
      />
    </PageBody>
  );
}
