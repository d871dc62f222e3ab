/** The failures one can order, and the cards one can pay with. Pure. */
import type { Fault } from "./api";

const WRITES = { method: "POST", path: "/v1/" };

export interface OrderableFault {
  id: string;
  word: string;
  fault: Fault;
}

export const FAULTS: [OrderableFault, ...OrderableFault[]] = [
  { id: "500", word: "500 before anything happens", fault: { ...WRITES, status: 500, when: "before" } },
  { id: "lost", word: "500 after it happened: the answer is lost", fault: { ...WRITES, status: 500, when: "after" } },
  { id: "429", word: "429: too many requests", fault: { ...WRITES, status: 429, when: "before" } },
  {
    id: "402",
    word: "402: the card is declined",
    fault: {
      ...WRITES,
      status: 402,
      when: "before",
      type: "card_error",
      code: "card_declined",
      message: "Your card was declined.",
    },
  },
];

export const SPANS: { span: string; word: string }[] = [
  { span: "1h", word: "1 hour" },
  { span: "1d", word: "1 day" },
  { span: "7d", word: "1 week" },
  { span: "14d", word: "14 days" },
  { span: "31d", word: "1 month" },
];

/** Stripe's published test numbers; any future date and any CVC. */
export const CARDS: { number: string; word: string }[] = [
  { number: "4242 4242 4242 4242", word: "Succeeds" },
  { number: "4000 0000 0000 0002", word: "Declined" },
  { number: "4000 0000 0000 9995", word: "Declined: insufficient funds" },
  { number: "4000 0025 0000 3155", word: "Asks for 3-D Secure" },
  { number: "4000 0000 0000 0341", word: "Can be saved, then is declined" },
  { number: "4000 0000 0000 0259", word: "Succeeds, then is disputed" },
];
