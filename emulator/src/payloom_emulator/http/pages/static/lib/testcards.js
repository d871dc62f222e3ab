// The cards people reach for while testing. What each does is decided by the local Stripe, not here.

export const TEST_CARDS = [
  { number: "4242424242424242", label: "Succeeds", hint: "Visa" },
  { number: "4000002760003184", label: "Asks for 3-D Secure", hint: "always" },
  { number: "4000000000000002", label: "Declined", hint: "generic decline" },
  { number: "4000000000009995", label: "Insufficient funds", hint: "declined" },
  { number: "4000000000000127", label: "Wrong CVC", hint: "declined" },
  { number: "4000000000000069", label: "Expired card", hint: "declined" },
  { number: "4000008400001629", label: "3-D Secure, then declined", hint: "" },
  { number: "4000000000000259", label: "Disputed later", hint: "succeeds" },
];

export function testExpiry(now = new Date()) {
  return `12 / ${String((now.getFullYear() + 8) % 100).padStart(2, "0")}`;
}
