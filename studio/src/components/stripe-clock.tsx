/** The local Stripe's clock: once it was moved, what Stripe dates and what this machine dates are two calendars. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { request } from "@/api/client";
import { useMe } from "@/api/session";
import { ClockAhead } from "@/ui";

export interface Clock {
  now: number;
  /** Seconds ahead of this machine. */
  offset: number;
  timers?: number;
}

export const readClock = () => request<Clock>("GET", "/local-stripe/control/clock");

/** The clock; nothing against the real Stripe. */
export function useStripeClock() {
  const local = Boolean(useMe().data?.local_stripe);
  return useQuery({
    queryKey: ["local", "clock"],
    queryFn: readClock,
    refetchInterval: 30_000,
    enabled: local,
  });
}

/** Shows the times within as they are at the local Stripe: "2 h ago" is two hours before its now. */
export function AtStripe({ children }: { children: ReactNode }) {
  return <ClockAhead value={useStripeClock().data?.offset ?? 0}>{children}</ClockAhead>;
}
