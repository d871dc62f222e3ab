/** The icon and the label of each kind of entry on a payment's timeline. */
import {
  AtSign,
  Banknote,
  CircleHelp,
  CreditCard,
  FileMinus,
  FileText,
  Hash,
  Inbox,
  KeyRound,
  Mail,
  Play,
  Receipt,
  RefreshCw,
  RotateCcw,
  ShieldAlert,
  ShoppingBag,
  ShoppingCart,
  Table2,
  User,
  Workflow,
  type LucideIcon,
} from "lucide-react";

interface Look {
  icon: LucideIcon;
  word: string;
}

const KINDS: Record<string, Look> = {
  order: { icon: ShoppingBag, word: "Order" },
  customer: { icon: User, word: "Customer" },
  session: { icon: ShoppingCart, word: "Checkout session" },
  intent: { icon: CreditCard, word: "Payment intent" },
  charge: { icon: Banknote, word: "Charge" },
  refund: { icon: RotateCcw, word: "Refund" },
  subscription: { icon: RefreshCw, word: "Subscription" },
  invoice: { icon: Receipt, word: "Invoice" },
  event: { icon: Inbox, word: "Event" },
  run: { icon: Play, word: "Run" },
  mail: { icon: Mail, word: "Email" },
  dispute: { icon: ShieldAlert, word: "Dispute" },
  setup: { icon: KeyRound, word: "Setup intent" },
  credit_note: { icon: FileMinus, word: "Credit note" },
  email: { icon: AtSign, word: "Email address" },
  workflow: { icon: Workflow, word: "Workflow" },
  table: { icon: Table2, word: "Table" },
  value: { icon: Hash, word: "Value" },
  row: { icon: Table2, word: "Row" },
  object: { icon: FileText, word: "Object" },
};

export function lookOfKind(kind: string): Look {
  return KINDS[kind] ?? { icon: CircleHelp, word: kind };
}
