// The payment element: the methods the intent allows, and the form of the chosen one.

import { brandOf, COUNTRIES_WITH_POSTAL } from "../lib/card.js";
import { request } from "../lib/api.js";
import { fillCountries } from "../lib/countries.js";
import { METHODS } from "../lib/methods.js";
import { testExpiry } from "../lib/testcards.js";
import { autoAdvance, brandMark, cardOf, cvcField, emailField, expiryField, Field, ibanField, node, numberField, postalField, requiredField } from "./fields.js";


async function readIntent({ group, credentials }) {
  if (!group.clientSecret) return { types: group.allowed ?? ["card"], saves: Boolean(group.setupFutureUsage) };
  const id = group.clientSecret.split("_secret_")[0];
  const path = id.startsWith("seti_") ? `/v1/setup_intents/${id}` : `/v1/payment_intents/${id}`;
  const { ok, body, error } = await request("GET", path, { client_secret: group.clientSecret }, credentials);
  if (!ok) return { types: ["card"], error };
  if (["succeeded", "canceled"].includes(body.status)) {
    return { types: ["card"], error: { type: "invalid_request_error", code: "payment_intent_unexpected_state", message: `This intent is ${body.status} and can no longer be paid.`, [`${body.object}`]: body } };
  }
  return { types: body.payment_method_types ?? ["card"], saves: Boolean(body.setup_future_usage) || id.startsWith("seti_") };
}

function cardPart(options) {
  const number = numberField();
  const expiry = expiryField();
  const cvc = cvcField(number);
  const select = node("select", { class: "Input Select", id: "Field-countryInput", name: "country", autocomplete: "billing country" });
  const defaults = options.defaultValues?.billingDetails ?? {};
  fillCountries(select, defaults.address?.country ?? "US");
  const postal = postalField(() => select.value);
  if (defaults.address?.postal_code) postal.set(defaults.address.postal_code);
  const country = node("div", { class: "Field" }, node("label", { class: "Label", for: select.id, text: "Country or region" }), select);
  const wanted = options.fields?.billingDetails;
  const skipsAddress = wanted === "never" || ["never"].includes(wanted?.address);
  const parts = typeof wanted?.address === "object" ? wanted.address : {};
  const withCountry = !skipsAddress && parts.country !== "never";
  const withPostal = () => !skipsAddress && parts.postalCode !== "never" && COUNTRIES_WITH_POSTAL.has(select.value);
  const named = wanted?.name === "always" ? requiredField("Your name is incomplete.", { name: "name", label: "Full name", autocomplete: "name" }) : null;
  const layout = () => {
    country.hidden = !withCountry;
    postal.box.hidden = !withPostal();
    postal.box.querySelector("label").textContent = select.value === "US" ? "ZIP code" : "Postal code";
    postal.input.placeholder = { US: "12345", GB: "WS11 1DB", CA: "M5T 1T4" }[select.value] ?? "";
  };
  select.addEventListener("change", layout);
  layout();
  autoAdvance([number, expiry, cvc]);
  const fields = () => [named, number, expiry, cvc, withPostal() ? postal : null].filter(Boolean);
  const numberBox = number.box;
  const holder = node("div", { class: "WithMark" });
  number.input.replaceWith(holder);
  holder.append(number.input, brandMark(number));
  return {
    node: node("div", { class: "Stack" }, named?.box, numberBox,
      node("div", { class: "Row" }, expiry.box, cvc.box), node("div", { class: "Row" }, country, postal.box), testStrip(number, expiry, cvc, postal)),
    fields,
    brand: () => brandOf(number.value).brand,
    address: () => ({ country: withCountry ? select.value : null, postalCode: withPostal() ? postal.value.trim() : null }),
    method: () => ({
      type: "card",
      card: cardOf({ number: number.value, expiry: expiry.value, cvc: cvc.value }),
      billing_details: {
        ...billingOf(options, named),
        ...(skipsAddress ? {} : { address: { ...(defaults.address ?? {}), ...(withCountry ? { country: select.value } : {}), ...(withPostal() ? { postal_code: postal.value.trim() } : {}) } }),
      },
    }),
  };
}

function billingOf(options, named) {
  const { name, email, phone } = options.defaultValues?.billingDetails ?? {};
  const out = { name: named?.value.trim() || name, email, phone };
  return Object.fromEntries(Object.entries(out).filter(([, value]) => value));
}

// Test mode only exists here, so a helper for test cards may sit in the form; it is one quiet line, last in order.
const STRIP = [["4242424242424242", "4242 pays"], ["4000002760003184", "3-D Secure"], ["4000000000000002", "Declined"]];

function testStrip(number, expiry, cvc, postal) {
  const fill = (card) => {
    number.set(card);
    expiry.set(testExpiry());
    cvc.set("123");
    if (!postal.box.hidden && postal.empty) postal.set("42424");
  };
  const buttons = STRIP.map(([card, label]) => {
    const button = node("button", { class: "TestCard", type: "button", text: label, title: card });
    button.addEventListener("click", () => fill(card));
    return button;
  });
  return node("div", { class: "TestStrip", role: "group", "aria-label": "Test cards" }, node("span", { class: "TestBadge", text: "Test mode" }), ...buttons);
}

const digitsField = (name, label, placeholder, pattern) => new Field({
  name, label, placeholder, inputmode: "numeric", autocomplete: "off",
  problem: (value) => (pattern.test(value.trim()) ? null : { type: "validation_error", code: `incomplete_${name}`, message: `Your ${label.toLowerCase()} is incomplete.` }),
});

const BANK_FIELDS = {
  sepa_debit: () => [ibanField()],
  us_bank_account: () => [
    digitsField("routing_number", "Routing number", "110000000", /^\d{9}$/),
    digitsField("account_number", "Account number", "000123456789", /^\d{4,17}$/),
  ],
  bacs_debit: () => [
    digitsField("sort_code", "Sort code", "10-88-00", /^\d{2}-?\d{2}-?\d{2}$/),
    digitsField("account_number", "Account number", "00012345", /^\d{8}$/),
  ],
};
const WORDS = {
  bank: "The payment is confirmed now and settles later. Test account numbers decide how it ends.",
  redirect: "You are taken to a test page to authorize the payment, then back.",
};

// Bank debits and methods that are authorized on a page of their own.
function otherPart(type, options) {
  const { kind, needs } = METHODS[type];
  const given = options.defaultValues?.billingDetails ?? {};
  const name = needs.includes("name") ? requiredField("Your name is incomplete.", { name: "name", label: "Full name", autocomplete: "name" }) : null;
  const email = needs.includes("email") ? emailField() : null;
  if (name && given.name) name.set(given.name);
  if (email && given.email) email.set(given.email);
  const own = BANK_FIELDS[type]?.() ?? [];
  const fields = [name, email, ...own].filter(Boolean);
  const extra = type === "us_bank_account" ? { account_holder_type: "individual", account_type: "checking" } : {};
  return {
    node: node("div", { class: "Stack" }, ...fields.map((field) => field.box), node("p", { class: "TermsText", text: WORDS[kind] })),
    fields: () => fields,
    address: () => ({ country: null, postalCode: null }),
    method: () => ({
      type,
      [type]: { ...Object.fromEntries(own.map((field) => [field.name, field.value.replace(/[\s-]/g, "")])), ...extra },
      billing_details: { ...billingOf(options, name), ...(email ? { email: email.value.trim() } : {}) },
    }),
  };
}

export async function paymentForm(state) {
  const read = await readIntent(state);
  const { options, group } = state;
  const order = options.paymentMethodOrder ?? [];
  const rank = (type) => (order.includes(type) ? order.indexOf(type) : order.length);
  let types = read.types.filter((type) => type in METHODS && !(group.excluded ?? []).includes(type));
  if (group.allowed) types = types.filter((type) => group.allowed.includes(type));
  if (!types.length) types = ["card"];
  types = [...types].sort((a, b) => rank(a) - rank(b));

  const parts = new Map();
  const body = node("div", { class: "Method" });
  let chosen = types[0];
  const tabs = types.length > 1 ? node("div", { class: "Tabs", role: "tablist", "aria-label": "Payment method" }) : null;
  const pick = (type) => {
    chosen = type;
    if (!parts.has(type)) parts.set(type, type === "card" ? cardPart(state.options) : otherPart(type, state.options));
    body.replaceChildren(parts.get(type).node);
    for (const tab of tabs?.children ?? []) {
      const on = tab.dataset.type === type;
      tab.classList.toggle("Tab--selected", on);
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
  };
  for (const type of tabs ? types : []) {
    const tab = node("button", { class: "Tab", type: "button", role: "tab", id: `${type}-tab`, value: type, "data-testid": type, "data-type": type, text: METHODS[type].label });
    tab.addEventListener("click", () => {
      pick(type);
      tab.dispatchEvent(new Event("change", { bubbles: true }));
    });
    tabs.append(tab);
  }
  tabs?.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = types[(types.indexOf(chosen) + step + types.length) % types.length];
    tabs.querySelector(`[data-type="${next}"]`).click();
    tabs.querySelector(`[data-type="${next}"]`).focus();
  });
  const terms = node("p", { class: "TermsText", text: `By providing your card information, you allow ${state.options.business?.name ?? "this business"} to charge your card for future payments in accordance with their terms.` });
  terms.hidden = !read.saves || state.options.terms?.card === "never";
  pick(chosen);
  const part = () => parts.get(chosen);
  return {
    node: node("div", { class: "Stack" }, tabs, body, terms),
    loadError: read.error,
    type: () => chosen,
    reload: async (now) => {
      const again = await readIntent(now);
      return again.error ? { error: again.error } : {};
    },
    state: () => {
      const fields = part().fields();
      return {
        empty: chosen === "card" && fields.every((field) => field.empty), complete: fields.every((field) => field.complete), collapsed: false,
        value: { type: chosen, ...(chosen === "card" ? { billingDetails: { address: part().address() } } : {}) },
      };
    },
    demand: () => {
      const fields = part().fields();
      for (const field of fields) field.demand();
      const wrong = fields.find((field) => field.wrong);
      wrong?.input.focus();
      return wrong?.wrong ?? null;
    },
    focus: () => part().fields()[0]?.input.focus(),
    clear: () => part().fields().forEach((field) => field.clear()),
    value: () => ({}),
    method: () => part().method(),
  };
}
