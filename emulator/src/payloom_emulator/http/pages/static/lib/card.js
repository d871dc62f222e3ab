// Card numbers, expiry dates and security codes: how they are written, which brand they are, what is wrong with them.
// Codes and wording of problems are those a page written for Stripe.js expects.

const GROUPS_15 = [4, 6, 5];
const GROUPS_14 = [4, 6, 4];
const GROUPS_16 = [4, 4, 4, 4];

const BRANDS = [
  { brand: "amex", pattern: /^3[47]/, lengths: [15], cvc: 4, groups: GROUPS_15, label: "American Express" },
  { brand: "diners", pattern: /^3(?:0[0-5]|[689])/, lengths: [14, 16], cvc: 3, groups: GROUPS_14, label: "Diners Club" },
  { brand: "jcb", pattern: /^35(?:2[89]|[3-8])/, lengths: [16], cvc: 3, groups: GROUPS_16, label: "JCB" },
  { brand: "discover", pattern: /^6(?:011|4[4-9]|5)/, lengths: [16], cvc: 3, groups: GROUPS_16, label: "Discover" },
  { brand: "unionpay", pattern: /^62/, lengths: [16, 17, 18, 19], cvc: 3, groups: GROUPS_16, label: "UnionPay" },
  { brand: "mastercard", pattern: /^(?:5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720))/, lengths: [16], cvc: 3, groups: GROUPS_16, label: "Mastercard" },
  { brand: "visa", pattern: /^4/, lengths: [16], cvc: 3, groups: GROUPS_16, label: "Visa" },
];
const UNKNOWN = { brand: "unknown", lengths: [16], cvc: 3, groups: GROUPS_16, label: "Card" };

export const digitsOf = (text) => text.replace(/\D/g, "");

export function brandOf(number) {
  const digits = digitsOf(number);
  return BRANDS.find((entry) => entry.pattern.test(digits)) ?? UNKNOWN;
}

export function formatNumber(text) {
  const kind = brandOf(text);
  const digits = digitsOf(text).slice(0, Math.max(...kind.lengths));
  const parts = [];
  let from = 0;
  for (const size of kind.groups) {
    if (from >= digits.length) break;
    parts.push(digits.slice(from, from + size));
    from += size;
  }
  if (from < digits.length) parts.push(digits.slice(from));
  return parts.join(" ");
}

export function formatExpiry(text) {
  let digits = digitsOf(text);
  if (/^[2-9]/.test(digits) || /^\d\s*\//.test(text)) digits = `0${digits}`;
  if (/^\d{2}20\d{2}$/.test(digits)) digits = digits.slice(0, 2) + digits.slice(4);
  digits = digits.slice(0, 4);
  return digits.length < 2 ? digits : `${digits.slice(0, 2)} / ${digits.slice(2)}`;
}

function luhn(digits) {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    let digit = Number(digits[digits.length - 1 - i]);
    if (i % 2 === 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

const problem = (code, message) => ({ type: "validation_error", code, message });

export function numberProblem(text) {
  const digits = digitsOf(text);
  const kind = brandOf(digits);
  if (digits.length < Math.min(...kind.lengths)) return problem("incomplete_number", "Your card number is incomplete.");
  if (!luhn(digits)) return problem("invalid_number", "Your card number is invalid.");
  return null;
}

export function parseExpiry(text) {
  const digits = digitsOf(text);
  return { exp_month: Number(digits.slice(0, 2)), exp_year: 2000 + Number(digits.slice(2, 4)) };
}

export function expiryProblem(text, now = new Date()) {
  const digits = digitsOf(text);
  if (digits.length < 4) return problem("incomplete_expiry", "Your card’s expiration date is incomplete.");
  const { exp_month: month, exp_year: year } = parseExpiry(text);
  if (month < 1 || month > 12) return problem("invalid_expiry_month", "Your card’s expiration month is invalid.");
  if (year < now.getFullYear()) {
    return problem("invalid_expiry_year_past", "Your card’s expiration year is in the past.");
  }
  if (year === now.getFullYear() && month < now.getMonth() + 1) {
    return problem("invalid_expiry_month_past", "Your card’s expiration date is in the past.");
  }
  if (year > now.getFullYear() + 50) {
    return problem("invalid_expiry_year", "Your card’s expiration year is invalid.");
  }
  return null;
}

export function cvcProblem(text, number = "") {
  const length = digitsOf(text).length;
  const wanted = number ? brandOf(number).cvc : 3;
  return length < wanted ? problem("incomplete_cvc", "Your card’s security code is incomplete.") : null;
}

export function postalProblem(text, country = "US") {
  const value = text.trim();
  const complete = country === "US" ? /^\d{5}(-?\d{4})?$/.test(value) : value.length >= 3;
  return complete ? null : problem("incomplete_zip", "Your postal code is incomplete.");
}

export const COUNTRIES_WITH_POSTAL = new Set(["US", "GB", "CA"]);

export function ibanProblem(text) {
  const iban = text.replace(/\s/g, "").toUpperCase();
  if (iban.length < 15) return problem("incomplete_iban", "The IBAN you entered is incomplete.");
  const moved = iban.slice(4) + iban.slice(0, 4);
  let rest = 0;
  for (const char of moved) {
    const value = /\d/.test(char) ? char : String(char.charCodeAt(0) - 55);
    for (const digit of value) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1 && /^[A-Z]{2}\d{2}/.test(iban) ? null : problem("invalid_iban", "The IBAN you entered is invalid.");
}

export const formatIban = (text) => text.replace(/[^0-9a-z]/gi, "").toUpperCase().slice(0, 34).replace(/(.{4})(?=.)/g, "$1 ");
