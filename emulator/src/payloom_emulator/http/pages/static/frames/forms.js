// The small forms: card on one line, its three parts alone, IBAN and email.

import { brandOf } from "../lib/card.js";
import { autoAdvance, brandMark, cardOf, cvcField, emailField, expiryField, ibanField, node, numberField, postalField } from "./fields.js";

const firstWrong = (fields) => {
  for (const field of fields) field.demand();
  const wrong = fields.find((field) => field.wrong);
  wrong?.input.focus();
  return wrong?.wrong ?? null;
};
const shownError = (fields) => fields.find((field) => field.shownProblem)?.shownProblem;

export function cardForm(state) {
  const number = numberField({ name: "cardnumber", bare: true, placeholder: "Card number" });
  const expiry = expiryField({ name: "exp-date", bare: true });
  const cvc = cvcField(number, { bare: true });
  const postal = postalField(() => "US", { name: "postal", bare: true, placeholder: "ZIP", problem: (value) => (value.trim().length >= 3 ? null : { type: "validation_error", code: "incomplete_zip", message: "Your postal code is incomplete." }) });
  const mark = brandMark(number);
  const line = node("div", { class: "CardLine" }, mark, number.box, expiry.box, cvc.box, postal.box);
  if (state.options.value?.postalCode) postal.set(state.options.value.postalCode);
  let fields = [];
  const apply = () => {
    fields = state.options.hidePostalCode ? [number, expiry, cvc] : [number, expiry, cvc, postal];
    postal.box.hidden = Boolean(state.options.hidePostalCode);
    mark.hidden = Boolean(state.options.hideIcon);
  };
  apply();
  autoAdvance([number, expiry, cvc, postal]);
  return {
    node: line,
    update: apply,
    state: () => ({
      empty: fields.every((field) => field.empty), complete: fields.every((field) => field.complete), error: shownError(fields),
      value: { postalCode: postal.value }, brand: brandOf(number.value).brand,
    }),
    demand: () => firstWrong(fields),
    focus: () => number.input.focus(),
    clear: () => fields.forEach((field) => field.clear()),
    value: () => ({}),
    method: () => ({
      type: "card",
      card: cardOf({ number: number.value, expiry: expiry.value, cvc: cvc.value }),
      ...(postal.value && !state.options.hidePostalCode ? { billing_details: { address: { postal_code: postal.value.trim() } } } : {}),
    }),
  };
}

// The three parts of a card live in three frames of one origin; the one that is asked collects from its siblings.
function sibling(state, kind) {
  const around = window.parent;
  for (let i = 0; i < around.length; i += 1) {
    try {
      const other = around[i].payloomElement;
      if (other?.key === state.group.key && other.kind === kind) return other.form;
    } catch {
      // a frame of another origin
    }
  }
  return null;
}

export function bareForm(state) {
  const placeholder = state.options.placeholder;
  const given = placeholder === undefined ? {} : { placeholder };
  const makers = {
    cardNumber: () => numberField({ name: "cardnumber", bare: true, ...given }),
    cardExpiry: () => expiryField({ name: "exp-date", bare: true, ...given }),
    cardCvc: () => cvcField(null, { name: "cvc", bare: true, ...given, problem: undefined }),
  };
  const field = makers[state.kind]();
  if (state.kind === "cardCvc") {
    field.problem = (value) => {
      const number = sibling(state, "cardNumber")?.raw() ?? "";
      const wanted = number ? brandOf(number).cvc : 3;
      return value.length < wanted ? { type: "validation_error", code: "incomplete_cvc", message: "Your card’s security code is incomplete." } : null;
    };
  }
  const mark = state.kind === "cardNumber" && state.options.showIcon ? brandMark(field) : null;
  const parts = () => ["cardNumber", "cardExpiry", "cardCvc"].map((kind) => sibling(state, kind)).filter(Boolean);
  const form = {
    node: node("div", { class: "CardLine" }, mark, field.box),
    raw: () => field.value,
    state: () => ({
      empty: field.empty, complete: field.complete, error: field.shownProblem ?? undefined,
      ...(state.kind === "cardNumber" ? { brand: brandOf(field.value).brand } : {}),
    }),
    demandOwn: () => firstWrong([field]),
    demand: () => {
      if (state.kind === "cardCvc" && !sibling(state, "cardNumber")) return form.demandOwn();
      return parts().map((part) => part.demandOwn()).find(Boolean) ?? null;
    },
    focus: () => field.input.focus(),
    clear: () => field.clear(),
    value: () => ({}),
    method: () => {
      const raw = (kind) => sibling(state, kind)?.raw() ?? "";
      return { type: "card", card: cardOf({ number: raw("cardNumber"), expiry: raw("cardExpiry"), cvc: raw("cardCvc") }) };
    },
  };
  return form;
}

export function ibanForm() {
  const field = ibanField({ bare: true });
  return {
    node: node("div", { class: "CardLine" }, field.box),
    state: () => ({ empty: field.empty, complete: field.complete, error: field.shownProblem ?? undefined, country: field.value.slice(0, 2), bankName: "" }),
    demand: () => firstWrong([field]),
    focus: () => field.input.focus(),
    clear: () => field.clear(),
    value: () => ({}),
    method: () => ({ type: "sepa_debit", sepa_debit: { iban: field.value.replace(/\s/g, "") } }),
  };
}

export function emailForm(state) {
  const field = emailField();
  if (state.options.defaultValues?.email) field.set(state.options.defaultValues.email);
  return {
    node: node("div", { class: "Stack" }, field.box),
    state: () => ({ empty: field.empty, complete: field.complete, value: { email: field.value.trim() } }),
    demand: () => firstWrong([field]),
    focus: () => field.input.focus(),
    clear: () => field.clear(),
    value: () => ({ value: { email: field.value.trim() } }),
  };
}
