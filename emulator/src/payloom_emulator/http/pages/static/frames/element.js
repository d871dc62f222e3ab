// The visible frame of one element: picks the form for its kind, reports what the page may know, and makes the calls
// that carry card data itself.

import { request } from "../lib/api.js";
import { addressForm } from "./address.js";
import { applyAppearance, applyStyle } from "./appearance.js";
import { bareForm, cardForm, emailForm, ibanForm } from "./forms.js";
import { paymentForm } from "./payment.js";
import { connected, emit, on, reportHeight } from "./port.js";

const KIND = document.documentElement.dataset.element;
const MAKERS = {
  payment: paymentForm, card: cardForm, cardNumber: bareForm, cardExpiry: bareForm, cardCvc: bareForm,
  iban: ibanForm, address: addressForm, linkAuthentication: emailForm,
};

const { config } = await connected();
const state = { ...config, kind: KIND };
applyAppearance(state.group.appearance);
applyStyle(state.options.style);
window.payloomElement = { key: state.group.key, kind: KIND, form: null };

const root = document.querySelector("main");
const form = await MAKERS[KIND](state);
window.payloomElement.form = form;
root.append(form.node);
document.body.classList.toggle("is-disabled", Boolean(state.options.disabled ?? state.options.readOnly));
setDisabled();

let last = "";
function changed() {
  const now = form.state();
  const text = JSON.stringify(now);
  if (text === last) return;
  last = text;
  emit("change", now);
}
last = JSON.stringify(form.state());
root.addEventListener("input", () => queueMicrotask(changed));
root.addEventListener("change", () => queueMicrotask(changed));
root.addEventListener("focusin", (event) => {
  if (!root.contains(event.relatedTarget)) emit("focus");
});
root.addEventListener("focusout", (event) => {
  queueMicrotask(changed);
  if (!root.contains(event.relatedTarget)) emit("blur");
});
root.addEventListener("keydown", (event) => {
  if (event.key === "Escape") emit("escape");
});

function setDisabled() {
  const off = Boolean(state.options.disabled ?? state.options.readOnly);
  for (const input of root.querySelectorAll("input, select, button")) input.disabled = off;
}

on("update", ({ options, group }) => {
  Object.assign(state, { options, group });
  applyAppearance(group.appearance);
  applyStyle(options.style);
  form.update?.(state);
  setDisabled();
  changed();
});
on("reload", async ({ group }) => {
  state.group = group;
  return (await form.reload?.(state)) ?? {};
});
on("focus", () => form.focus());
on("blur", () => document.activeElement?.blur());
on("clear", () => {
  form.clear();
  changed();
});
on("validate", () => {
  const error = form.demand();
  changed();
  return error ? { error } : { type: form.type?.() };
});
on("value", () => form.value());

// Everything below sends card data, so it is done here and never in the page around this frame.
const send = (path, params) => request("POST", path, params, state.credentials);
const API_PATH = /^\/v1\/[\w/]+$/;

function merged(first, second) {
  const out = { ...first };
  for (const [key, value] of Object.entries(second ?? {})) {
    out[key] = value && typeof value === "object" && out[key] && typeof out[key] === "object" ? merged(out[key], value) : value;
  }
  return out;
}

function methodData(about = {}, billing = undefined) {
  const own = form.method();
  const { billing_details: given, ...rest } = about ?? {};
  const details = merged(merged(own.billing_details ?? {}, billing ?? {}), given ?? {});
  const data = { ...own, ...rest };
  if (Object.keys(details).length) data.billing_details = details;
  return data;
}

on("confirm", async ({ path, params, about, billing, cvcOnly }) => {
  if (!API_PATH.test(path)) throw new Error("Not a path of the API");
  const error = form.demand();
  changed();
  if (error) return { error };
  if (cvcOnly) return send(path, { ...params, payment_method_options: { card: { cvc: form.method().card.cvc } } });
  const { payment_method_data: extra, ...rest } = params;
  return send(path, { ...rest, payment_method_data: methodData(merged(about ?? {}, extra ?? {}), billing) });
});

on("create", async ({ path, params, about, billing, flat }) => {
  if (!API_PATH.test(path)) throw new Error("Not a path of the API");
  const error = form.demand();
  changed();
  if (error) return { error };
  const data = methodData(about, billing);
  return send(path, flat ? data : { ...params, payment_method_data: data });
});

on("token", async ({ data, cvcOnly }) => {
  const error = form.demand();
  changed();
  if (error) return { error };
  const own = form.method();
  if (cvcOnly) return send("/v1/tokens", { cvc_update: { cvc: own.card.cvc } });
  const zip = own.billing_details?.address?.postal_code;
  return send("/v1/tokens", { card: { ...own.card, ...(zip ? { address_zip: zip } : {}), ...data } });
});

reportHeight(root);
emit("connected");
if (form.loadError) emit("loaderror", { error: form.loadError });
else emit("ready");
