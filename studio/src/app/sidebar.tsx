import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronsUpDown, Keyboard, LogOut, Monitor, Moon, Search, Sun } from "lucide-react";
import { useState } from "react";
import { request } from "../api/client";
import { useLiveState } from "../api/live";
import { signOut, type Me } from "../api/session";
import { Badge, Kbd, Menu, MenuChoice, MenuItem, MenuLabel, MenuLine, toastError, Tooltip } from "../ui";
import type { Place } from "./places";
import { useShell } from "./shell";
import { applyTheme, savedTheme, type Theme } from "./theme";
import { Mark } from "./mark";

interface Counts {
  failed?: number;
  parked?: number;
}

const GROUPS = { work: "Work", data: "Data", project: "Project" } as const;

export function Sidebar({ me, places }: { me: Me | undefined; places: Place[] }) {
  const open = useShell((shell) => shell.set);
  const counts = useQuery({ queryKey: ["runs", "counts"], queryFn: ({ signal }) => request<Counts>("GET", "/runs/counts", { signal }), enabled: me !== undefined }).data;
  const failed = counts?.failed ?? 0;
  return (
    <nav className="sidebar" aria-label="Studio">
      <div className="side-project">
        <Mark />
        <div>
          <strong>{me?.project ?? "Payloom"}</strong>
          <span>
            {me?.env ?? " "}
            {me && <Badge tone={me.livemode ? "warn" : "neutral"}>{me.livemode ? "Live" : me.local_stripe ? "Local" : "Test"}</Badge>}
          </span>
        </div>
      </div>
      <button type="button" className="side-search" onClick={() => open({ palette: true })}>
        <Search aria-hidden />
        <span>Search</span>
        <Kbd keys="mod+k" />
      </button>
      {(["work", "data", "project"] as const).map((group) => (
        <ul key={group} aria-label={GROUPS[group]}>
          {places
            .filter((place) => place.group === group)
            .map((place) => (
              <li key={place.to}>
                <Link to={place.to} activeOptions={{ exact: place.to === "/", includeSearch: false }} className="side-link">
                  <place.icon aria-hidden />
                  <span>{place.name}</span>
                  {place.to === "/runs" && failed > 0 && (
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
        <Account me={me} />
      </div>
    </nav>
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

function Account({ me }: { me: Me | undefined }) {
  const shell = useShell((one) => one.set);
  const [theme, setTheme] = useState<Theme>(savedTheme);
  if (!me) return null;
  const name = me.email ?? "Admin token";
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className="side-account">
          <span className="avatar" aria-hidden>
            {name.charAt(0).toUpperCase()}
          </span>
          <span>
            {name}
            <small>{me.role}</small>
          </span>
          <ChevronsUpDown aria-hidden />
        </button>
      }
    >
      <MenuLabel>Theme</MenuLabel>
      <MenuChoice<Theme>
        value={theme}
        onChange={(chosen) => {
          setTheme(chosen);
          applyTheme(chosen);
        }}
        choices={[
          { value: "system", label: <Choice icon={<Monitor aria-hidden />} text="As the system" /> },
          { value: "light", label: <Choice icon={<Sun aria-hidden />} text="Light" /> },
          { value: "dark", label: <Choice icon={<Moon aria-hidden />} text="Dark" /> },
        ]}
      />
      <MenuLine />
      <MenuItem icon={<Keyboard aria-hidden />} onSelect={() => shell({ help: true })} shortcut="?">
        Shortcuts
      </MenuItem>
      {me.via === "session" && (
        <MenuItem icon={<LogOut aria-hidden />} onSelect={() => void signOut().catch(toastError)}>
          Sign out
        </MenuItem>
      )}
    </Menu>
  );
}

const Choice = ({ icon, text }: { icon: React.ReactNode; text: string }) => (
  <span className="menu-with-icon">
    {icon}
    {text}
  </span>
);
