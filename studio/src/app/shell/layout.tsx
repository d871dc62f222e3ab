/** The frame around every page: session, sidebar, palette, shortcuts, toasts. */
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate, useRouterState } from "@tanstack/react-router";
import { Menu as MenuIcon, Search } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { listen } from "@/api/live-events";
import { hasRole, useMe, type Me } from "@/api/session";
import { IconButton } from "@/ui/basics/button";
import { ErrorNote, Skeleton } from "@/ui/layout/empty";
import { TooltipProvider } from "@/ui/basics/tooltip";
import { NAVIGATION } from "@/app/navigation/navigation";
import { AwayNote } from "./away-note";
import { ProjectNote } from "./project-note";
import { useLayoutState } from "@/app/navigation/layout-state";
import { useKeyboard, useShortcuts } from "@/browser/shortcuts";
import { SessionNote } from "./session-note";
import { useProofAsked } from "@/app/account/prove-store";
import { Sidebar } from "./sidebar";
import { switchTheme } from "@/browser/theme";
import "./layout.css";

// Components that aren't visible at once load after the page.
const Toasts = lazy(() => import("@/ui/overlays/toast").then((module) => ({ default: module.Toasts })));
const SignIn = lazy(() => import("@/app/account/sign-in").then((module) => ({ default: module.SignIn })));
const Drawer = lazy(() => import("./drawer").then((module) => ({ default: module.Drawer })));
const Palette = lazy(() => import("@/app/palette/palette").then((module) => ({ default: module.Palette })));
const Prove = lazy(() => import("@/app/account/prove").then((module) => ({ default: module.Prove })));
const ShortcutHelp = lazy(() =>
  import("@/app/palette/shortcut-help").then((module) => ({ default: module.ShortcutHelp })),
);

export function Layout() {
  const proofAsked = useProofAsked();
  return (
    <TooltipProvider>
      <Session />
      <Suspense fallback={null}>
        <Toasts />
        {proofAsked && <Prove />}
      </Suspense>
    </TooltipProvider>
  );
}

function Session() {
  const me = useMe();
  const path = useLocation({ select: (location) => location.pathname });
  const refused = me.error instanceof ApiError && (me.error.status === 401 || me.error.status === 403);
  if (path.endsWith("/sign-in") || refused) {
    return (
      <Suspense fallback={null}>
        <SignIn refused={me.error} signedIn={me.data} />
      </Suspense>
    );
  }
  if (me.error && !me.data) {
    return (
      <main className="alone">
        <h1 className="hidden-text">Payloom Studio</h1>
        <ErrorNote error={me.error} retry={() => void me.refetch()} />
      </main>
    );
  }
  return <Frame me={me.data} />;
}

function Frame({ me }: { me: Me | undefined }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const layoutState = useLayoutState();
  const [drawer, setDrawer] = useState(false);
  const path = useLocation({ select: (location) => location.pathname });
  const signedIn = me !== undefined;
  const pages = NAVIGATION.filter(
    (page) => (page.to !== "/local-stripe" || me?.local_stripe) && (page.role === undefined || hasRole(me, page.role)),
  );

  useEffect(() => (signedIn ? listen(cache) : undefined), [cache, signedIn]);
  useEffect(() => setDrawer(false), [path]);
  useFocusOnPage();
  useKeyboard();
  useShortcuts([
    { keys: "mod+k", label: "Search and commands", group: "Everywhere", run: () => layoutState.set({ palette: true }) },
    { keys: "/", label: "Search", group: "Everywhere", run: () => focusSearch() || layoutState.set({ palette: true }) },
    { keys: "?", label: "Show keyboard shortcuts", group: "Everywhere", run: () => layoutState.set({ help: true }) },
    { keys: "d", label: "Dark or light", group: "Everywhere", run: switchTheme },
    ...pages.map((page) => ({
      keys: `g ${page.letter}`,
      label: page.name,
      group: "Go to",
      run: () => void navigate({ to: page.to }),
    })),
  ]);

  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <aside className="side">
        <Sidebar me={me} pages={pages} />
      </aside>
      <Top project={me?.project ?? "Payloom"} openMenu={() => setDrawer(true)} />
      {me && <FrameNotes />}
      <main id="content" tabIndex={-1}>
        <Suspense
          fallback={
            <div className="page">
              <Skeleton />
            </div>
          }
        >
          <Outlet />
        </Suspense>
      </main>
      <Suspense fallback={null}>
        {drawer && <Drawer me={me} pages={pages} close={() => setDrawer(false)} />}
        {layoutState.palette && <Palette pages={pages} />}
        {layoutState.help && <ShortcutHelp />}
      </Suspense>
    </div>
  );
}

/** A new page has the keyboard, as after a load: not the link in the sidebar, and not what was removed with the old page. */
function useFocusOnPage(): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    const moved = before.current !== undefined && before.current !== path;
    before.current = path;
    if (!moved) return undefined;
    const frame = requestAnimationFrame(() => {
      const content = document.getElementById("content");
      const inside = document.activeElement?.closest("#content, [role=dialog], [role=alertdialog]");
      if (!inside) content?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [path]);
}

/** What concerns every page. */
const FrameNotes = () => (
  <div className="frame-notes">
    <SessionNote />
    <AwayNote />
    <ProjectNote />
  </div>
);

/** The bar of a narrow screen, in place of the sidebar. */
function Top({ project, openMenu }: { project: string; openMenu: () => void }) {
  const set = useLayoutState((state) => state.set);
  return (
    <header className="top">
      <IconButton label="Menu" onClick={openMenu}>
        <MenuIcon aria-hidden />
      </IconButton>
      <Link to="/">{project}</Link>
      <IconButton label="Search" onClick={() => set({ palette: true })}>
        <Search aria-hidden />
      </IconButton>
    </header>
  );
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLElement>("main input[type=search]");
  field?.focus();
  return field !== null;
}
