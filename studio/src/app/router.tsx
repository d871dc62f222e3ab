/** Every page's address. Pages are loaded when they are first opened. Search parameters are plain strings. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { NoPage, PageBroke } from "./failure";
import { Layout } from "./shell/layout";
import { parseSearch, stringifySearch, type Search } from "@/browser/search-params";

const root = createRootRoute({ component: Layout, validateSearch: (search): Search => search as Search });

const page = <const P extends string>(path: P, load: () => Promise<{ Page: () => React.ReactNode }>) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, "Page") });

const routes = root.addChildren([
  page("/", () => import("@/pages/overview/page")),
  page("/workflows", () => import("@/pages/workflows/page")),
  // The ids of workflows and files may hold slashes; they are encoded in the address.
  page("/workflows/$id", () => import("@/editor/page")),
  page("/runs", () => import("@/pages/runs/page")),
  page("/runs/$id", () => import("@/pages/run/page")),
  page("/events", () => import("@/pages/events/page")),
  page("/events/$id", () => import("@/pages/events/page")),
  page("/journey", () => import("@/pages/journey/page")),
  page("/journey/$id", () => import("@/pages/journey/page")),
  page("/tables", () => import("@/pages/tables/page")),
  page("/tables/$table", () => import("@/pages/tables/page")),
  page("/files", () => import("@/pages/files/page")),
  page("/files/$id", () => import("@/pages/files/page")),
  page("/mail", () => import("@/pages/mail/page")),
  page("/mail/$id", () => import("@/pages/mail/page")),
  page("/local-stripe", () => import("@/pages/local-stripe/page")),
  page("/health", () => import("@/pages/health/page")),
  page("/audit", () => import("@/pages/audit/page")),
  page("/settings", () => import("@/pages/settings/page")),
  page("/help", () => import("@/pages/help/page")),
  createRoute({ getParentRoute: () => root, path: "/sign-in", component: () => null }),
]);

export const router = createRouter({
  routeTree: routes,
  basepath: "/studio",
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultErrorComponent: PageBroke,
  defaultNotFoundComponent: NoPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
