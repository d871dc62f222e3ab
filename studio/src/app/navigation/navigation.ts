/** The studio's pages as the sidebar, the palette and the shortcuts name them. */
import {
  Activity,
  CircleHelp,
  CreditCard,
  FileText,
  HeartPulse,
  Inbox,
  LayoutDashboard,
  Mail,
  Play,
  ScrollText,
  Settings,
  Table2,
  Workflow,
  type LucideIcon,
} from "lucide-react";

export interface NavigationItem {
  to:
    | "/"
    | "/workflows"
    | "/runs"
    | "/events"
    | "/journey"
    | "/tables"
    | "/mail"
    | "/files"
    | "/local-stripe"
    | "/health"
    | "/audit"
    | "/settings"
    | "/help";
  name: string;
  icon: LucideIcon;
  /** `g` and then this. */
  letter: string;
  keywords?: string;
  group: "work" | "data" | "project";
  /** The least role that sees it. Without one, everybody does. */
  role?: "editor" | "admin";
}

export const NAVIGATION: NavigationItem[] = [
  { to: "/", name: "Overview", icon: LayoutDashboard, letter: "o", keywords: "home dashboard", group: "work" },
  { to: "/workflows", name: "Workflows", icon: Workflow, letter: "w", keywords: "flows editor yaml", group: "work" },
  { to: "/runs", name: "Runs", icon: Play, letter: "r", keywords: "executions failed", group: "work" },
  { to: "/events", name: "Events", icon: Inbox, letter: "e", keywords: "webhooks inbox", group: "work" },
  {
    to: "/journey",
    name: "Payments",
    icon: Activity,
    letter: "p",
    keywords: "journey order customer timeline",
    group: "data",
  },
  { to: "/tables", name: "Tables", icon: Table2, letter: "t", keywords: "rows data database", group: "data" },
  { to: "/mail", name: "Email", icon: Mail, letter: "m", keywords: "outbox mail emails", group: "data" },
  {
    to: "/files",
    name: "Files",
    icon: FileText,
    letter: "f",
    keywords: "tables.yaml templates emails pages columns",
    group: "project",
    role: "editor",
  },
  {
    to: "/local-stripe",
    name: "Local Stripe",
    icon: CreditCard,
    letter: "l",
    keywords: "emulator test cards clock",
    group: "project",
  },
  {
    to: "/health",
    name: "Health",
    icon: HeartPulse,
    letter: "c",
    keywords: "alerts doctor status disk silence queue",
    group: "project",
  },
  {
    to: "/audit",
    name: "Audit",
    icon: ScrollText,
    letter: "a",
    keywords: "trail log who changed export",
    group: "project",
    role: "admin",
  },
  {
    to: "/settings",
    name: "Settings",
    icon: Settings,
    letter: "s",
    keywords: "keys environment webhook",
    group: "project",
  },
  {
    to: "/help",
    name: "Help",
    icon: CircleHelp,
    letter: "h",
    keywords: "glossary words keyboard shortcuts",
    group: "project",
  },
];
