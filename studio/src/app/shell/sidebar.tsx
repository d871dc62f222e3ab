import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { client, take } from "@/api/client";
import { useLiveState } from "@/api/live-events";
import type { Me } from "@/api/session";
import { Kbd } from "@/ui/basics/kbd";
import { Badge } from "@/ui/basics/status";
import { Tooltip } from "@/ui/basics/tooltip";
import { AccountButton } from "@/app/account/account-button";
import type { NavigationItem } from "@/app/navigation/navigation";
import { useLayoutState } from "@/app/navigation/layout-state";
import { Logo } from "@/components/logo";

const Account = lazy(() => import("@/app/account/account").then((module) => ({ default: module.Account })));

const GROUPS = { work: "Work", data: "Data", project: "Project" } as const;

export function Sidebar({ me, pages }: { me: Me | undefined; pages: NavigationItem[] }) {
  const open = useLayoutState((state) => state.set);
  const counts = useQuery({
    queryKey: ["runs", "counts"],
    queryFn: ({ signal }) => take(client.GET("/runs/counts", { signal })),
    enabled: me !== undefined,
  }).data;
  const [openedByUser, setOpenedByUser] = useState(false);
  const failed = counts?.unresolved ?? 0;
  return (
    <nav className="sidebar" aria-label="Studio">
      <Project me={me} />
      <button type="button" className="side-search" onClick={() => open({ palette: true })}>
        <Search aria-hidden />
        <span>Search</span>
        <Kbd keys="mod+k" />
      </button>
      {(["work", "data", "project"] as const).map((group) => (
        <ul key={group} aria-label={GROUPS[group]}>
          {pages
            // What the project has is known with it: nothing moves then.
            .filter((page) => page.group === group && (me !== undefined || group !== "project"))
            .map((page) => (
              <li key={page.to}>
                <Link
                  to={page.to}
                  activeOptions={{ exact: page.to === "/", includeSearch: false }}
                  className="side-link"
                >
                  <page.icon aria-hidden />
                  <span>{page.name}</span>
                  {page.to === "/runs" && failed > 0 && (
                    <span className="side-count" title={`${failed} failed`}>
                      {failed}
                      <span className="hidden-text"> failed</span>
                    </span>
                  )}
                </Link>
              </li>
            ))}
        </ul>
      ))}
      <div className="side-foot">
        <LiveDot />
        {me && (
          // A click before the menu's code is here opens it once it is.
          <Suspense fallback={<AccountButton me={me} onClick={() => setOpenedByUser(true)} />}>
            <Account me={me} open={openedByUser} />
          </Suspense>
        )}
      </div>
    </nav>
  );
}

function Project({ me }: { me: Me | undefined }) {
  return (
    <div className="side-project">
      <Logo />
      <div>
        <strong>{me?.project ?? "Payloom"}</strong>
        <span>
          {me?.env ?? " "}
          {me && (
            <Badge tone={me.livemode ? "warn" : "neutral"}>
              {me.livemode ? "Live" : me.local_stripe ? "Local" : "Test"}
            </Badge>
          )}
        </span>
      </div>
    </div>
  );
}

const LIVE = {
  connecting: ["Connecting", "Connecting to the server."],
  live: ["Live", "Pages refresh as things happen."],
  lost: ["Reconnecting", "The connection is lost; pages refresh when it is back."],
} as const;

function LiveDot() {
  const state = useLiveState();
  const [word, detail] = LIVE[state];
  return (
    <Tooltip text={detail} side="right">
      <span className={`live live-${state}`} tabIndex={0} role="status">
        <span aria-hidden />
        {word}
      </span>
    </Tooltip>
  );
}
