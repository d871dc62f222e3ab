import {
  BellRing,
  Clock,
  CreditCard,
  Database,
  GitBranch,
  Globe,
  ListPlus,
  Mail,
  PenLine,
  Repeat,
  Reply,
  ScrollText,
  SquareCode,
  SquarePen,
  Trash2,
  UserCheck,
  Workflow,
  type LucideIcon,
} from "lucide-react";

const ICONS: Record<string, LucideIcon> = {
  stripe: CreditCard,
  select: Database,
  insert: ListPlus,
  update: PenLine,
  upsert: SquarePen,
  delete: Trash2,
  email: Mail,
  http: Globe,
  call: Workflow,
  python: SquareCode,
  sleep: Clock,
  wait: Clock,
  wait_for: BellRing,
  approve: UserCheck,
  log: ScrollText,
  respond: Reply,
  for_each: Repeat,
  while: Repeat,
  parallel: GitBranch,
};

export function VerbIcon({ verb }: { verb: string }) {
  const Icon = ICONS[verb] ?? GitBranch;
  return <Icon aria-hidden className="verb-icon" />;
}
