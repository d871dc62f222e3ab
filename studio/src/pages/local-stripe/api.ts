/** What the page asks of the local Stripe, through the management API: its own objects, and its control calls. */
import { request } from "@/api/client";
import type { Clock } from "@/components/stripe-clock";

const PROXY = "/local-stripe";

/** A Stripe object as it comes; only what the page shows is named. */
export interface StripeObject {
  id: string;
  created: number;
  status?: string | null;
  amount?: number | null;
  currency?: string | null;
  customer?: string | null;
  email?: string | null;
  name?: string | null;
  description?: string | null;
  balance?: number;
  delinquent?: boolean | null;
  cancel_at_period_end?: boolean;
  last_payment_error?: { message?: string } | null;
  metadata?: Record<string, string>;
  items?: {
    data: {
      current_period_end?: number;
      quantity?: number;
      price: { unit_amount: number | null; currency: string; recurring: { interval: string } | null };
    }[];
  };
}

export interface Page<T> {
  data: T[];
  has_more: boolean;
}

export interface Delivery {
  seq: number;
  event: string;
  endpoint: string;
  type: string;
  attempt: number;
  state: string;
  sent_at: number | null;
  status: number | null;
  reply: string | null;
  error: string | null;
}

const get = <T>(path: string, query?: Record<string, string | number | undefined>) =>
  request<T>("GET", PROXY + path, query ? { query } : {});
const post = <T>(path: string, body: unknown) => request<T>("POST", PROXY + path, { body });

export const local = {
  /** The server says what became of each payment, by the rule of the Payments page. */
  payments: async (after?: string): Promise<Page<StripeObject>> => {
    const page = await get<Page<{ intent: StripeObject; state: string | null }>>("/payments", {
      starting_after: after,
    });
    return { ...page, data: page.data.map(({ intent, state }) => ({ ...intent, status: state })) };
  },
  list: (kind: "customers" | "subscriptions", after?: string) =>
    get<Page<StripeObject>>(`/v1/${kind}`, {
      limit: 25,
      starting_after: after,
      ...(kind === "subscriptions" ? { status: "all" } : {}),
    }),
  deliveries: () => get<{ data: Delivery[] }>("/control/deliveries", { limit: 100 }),
  advance: (span: string) => post<Clock>("/control/clock", { advance: span }),
  triggers: () => get<{ data: string[] }>("/control/trigger"),
  trigger: (event: string) => post("/control/trigger", { event }),
  failNext: (fault: Fault) => post("/control/fail-next", fault),
  redeliver: (event: string) => post<{ planned: number }>("/control/redeliver", { event }),
};

export interface Fault {
  status: number;
  method: string;
  path: string;
  when: "before" | "after";
  type?: string;
  code?: string;
  message?: string;
}
