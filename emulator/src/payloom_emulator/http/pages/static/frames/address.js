// The address element: name, country, street, city, state, postal code, and a telephone number when asked for.

import { fillCountries } from "../lib/countries.js";
import { node, requiredField } from "./fields.js";

const OPTIONAL = new Set(["line2", "phone"]);

export function addressForm(state) {
  const { defaultValues = {}, fields: wanted = {}, mode } = state.options;
  const given = { name: defaultValues.name, phone: defaultValues.phone, ...defaultValues.address };
  const text = (name, label, autocomplete, extra = {}) => {
    const field = requiredField(`${label} is incomplete.`, { name, label, autocomplete, ...extra });
    if (OPTIONAL.has(name) && !(name === "phone" && wanted.phone === "always")) field.problem = () => null;
    if (given[name]) field.set(given[name]);
    return field;
  };
  const select = node("select", { class: "Input Select", id: "Field-countryInput", name: "country", autocomplete: "country" });
  fillCountries(select, given.country ?? "US");
  const country = node("div", { class: "Field" }, node("label", { class: "Label", for: select.id, text: "Country or region" }), select);
  const fields = {
    name: text("name", "Full name", "name"),
    line1: text("line1", "Address line 1", "address-line1"),
    line2: text("line2", "Address line 2", "address-line2"),
    city: text("city", "City", "address-level2"),
    state: text("state", "State", "address-level1"),
    postal_code: text("postal_code", "ZIP code", "postal-code", { name: "postalCode" }),
    ...(wanted.phone === "always" ? { phone: text("phone", "Phone number", "tel", { type: "tel" }) } : {}),
  };
  const needsState = () => ["US", "CA", "AU", "IN", "JP", "BR", "MX"].includes(select.value);
  const layout = () => {
    fields.state.box.hidden = !needsState();
    fields.postal_code.box.querySelector("label").textContent = select.value === "US" ? "ZIP code" : "Postal code";
  };
  select.addEventListener("change", layout);
  layout();
  const active = () => Object.values(fields).filter((field) => field !== fields.state || needsState());
  const value = () => ({
    name: fields.name.value.trim(),
    ...(fields.phone ? { phone: fields.phone.value.trim() } : {}),
    address: {
      line1: fields.line1.value.trim(), line2: fields.line2.value.trim() || null, city: fields.city.value.trim(),
      state: needsState() ? fields.state.value.trim() : "", postal_code: fields.postal_code.value.trim(), country: select.value,
    },
  });
  const complete = () => active().every((field) => field.complete);
  return {
    node: node("div", { class: "Stack" }, fields.name.box, country, fields.line1.box, fields.line2.box,
      node("div", { class: "Row" }, fields.city.box, fields.state.box, fields.postal_code.box), fields.phone?.box),
    state: () => ({ elementMode: mode, isNewAddress: true, empty: active().every((field) => field.empty), complete: complete(), value: value() }),
    demand: () => {
      for (const field of active()) field.demand();
      const wrong = active().find((field) => field.wrong);
      wrong?.input.focus();
      return wrong?.wrong ?? null;
    },
    focus: () => fields.name.input.focus(),
    clear: () => Object.values(fields).forEach((field) => field.clear()),
    value: () => ({ value: value(), complete: complete(), isNewAddress: true }),
  };
}
