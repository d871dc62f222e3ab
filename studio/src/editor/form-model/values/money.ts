/** An amount in minor units written for people; nothing is ever computed with the result. */

const NONE = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split(" "));
const THREE = new Set("bhd jod kwd omr tnd".split(" "));

/** How many decimals Stripe's amounts of a currency have. */
export function decimalsOf(currency: string): number {
  const code = currency.toLowerCase();
  return NONE.has(code) ? 0 : THREE.has(code) ? 3 : 2;
}

/** `2198` and `usd` as `21.98 USD`; null when the currency is not known here. */
export function amountText(amount: number, currency: unknown): string | null {
  if (!Number.isSafeInteger(amount) || typeof currency !== "string" || !/^[a-zA-Z]{3}$/.test(currency)) return null;
  return `${shifted(amount, decimalsOf(currency))} ${currency.toUpperCase()}`;
}

/** What an amount field says below its input. */
export function amountHint(amount: unknown, currency: unknown): string {
  const text = typeof amount === "number" ? amountText(amount, currency) : null;
  if (text !== null) return `= ${text}`;
  if (typeof amount === "number" && Number.isSafeInteger(amount)) {
    return `in minor units: ${shifted(amount, 2)} in a currency with two decimals`;
  }
  return "in minor units, a whole number: 2198 is 21.98 USD, and 2198 JPY";
}

function shifted(amount: number, decimals: number): string {
  const sign = amount < 0 ? "-" : "";
  const digits = String(Math.abs(amount)).padStart(decimals + 1, "0");
  return decimals === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
