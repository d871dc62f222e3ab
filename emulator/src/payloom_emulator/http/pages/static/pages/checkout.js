// Hosted Checkout's form: checks the fields, makes the payment method, confirms, plays the 3-D Secure challenge, goes on.

import { request } from "../lib/api.js";
import { brandOf, COUNTRIES_WITH_POSTAL, cvcProblem, digitsOf, expiryProblem, formatExpiry, formatIban, formatNumber, ibanProblem, numberProblem, parseExpiry, postalProblem } from "../lib/card.js";
import { fillCountries } from "../lib/countries.js";
import { digitsOnly, mask } from "../lib/masks.js";
import { ready } from "../lib/ready.js";
import { TEST_CARDS, testExpiry } from "../lib/testcards.js";
import { challenge } from "./challenge-dialog.js";
import { framed, reportHeight, tell } from "./frame-height.js";

const $ = (id) => document.getElementById(id);
const form = $("payment");
const { session, key, account, mode, complete } = form.dataset;
const PAGE = `/v1/payment_pages/${session}`;
const credentials = { key, account, version: "2026-10-28.endive" };
const button = $("submit");
let buttonText = $("submitText").textContent;
const required = (message) => (value) => (value.trim() ? null : { message });
const value = (id) => $(id)?.value.trim() ?? "";

// Field id → what is wrong with its value. Fields that are not on the page are left out.
const CHECKS = {
  email: (text) => (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text.trim()) ? null : { message: text.trim() ? "Your email is invalid." : "Enter your email." }),
  phoneNumber: required("Enter your phone number."),
  shippingName: required("Enter your name."),
  shippingAddressLine1: required("Enter your address."),
  shippingLocality: required("Enter your city."),
  shippingPostalCode: (text) => postalProblem(text, value("shippingCountry")),
  cardNumber: numberProblem,
  cardExpiry: (text) => expiryProblem(text),
  cardCvc: (text) => cvcProblem(text, value("cardNumber")),
  billingName: required("Enter the name on the card."),
  billingAddressLine1: required("Enter your address."),
  billingLocality: required("Enter your city."),
  billingPostalCode: (text) => (COUNTRIES_WITH_POSTAL.has(value("billingCountry")) ? postalProblem(text, value("billingCountry")) : null),
  iban: ibanProblem,
  routingNumber: (text) => (/^\d{9}$/.test(text) ? null : { message: "A routing number has nine digits." }),
  accountNumber: (text) => (/^\d{4,17}$/.test(text) ? null : { message: "Enter your account number." }),
  sortCode: (text) => (/^\d{2}-?\d{2}-?\d{2}$/.test(text) ? null : { message: "A sort code has six digits." }),
  bacsAccountNumber: (text) => (/^\d{8}$/.test(text) ? null : { message: "An account number has eight digits." }),
  termsOfServiceConsentCheckbox: () => ($("termsOfServiceConsentCheckbox").checked ? null : { message: "Please accept the terms to go on." }),
};
for (const body of form.querySelectorAll('.method-body:not([data-method="card"])')) {
  CHECKS[`${body.dataset.method}-name`] = required("Enter your name.");
}
for (const box of form.querySelectorAll(".custom")) {
  const id = `custom-${box.dataset.custom}`;
  const { kind } = box.dataset;
  CHECKS[id] = (text) => {
    if (!text.trim()) return box.hasAttribute("data-required") ? { message: "This field is required." } : null;
    return kind === "numeric" && !/^\d+$/.test(text.trim()) ? { message: "Use digits only." } : null;
  };
}
const fields = Object.keys(CHECKS).map($).filter((field) => field && !field.readOnly);
const shown = (field) => !field.closest("[hidden]");

function mark(field, problem) {
  const error = $(`${field.id}-error`);
  field.setAttribute("aria-invalid", String(Boolean(problem)));
  if (!error) return;
  error.textContent = problem?.message ?? "";
  error.hidden = !problem;
  if (problem) field.setAttribute("aria-describedby", error.id);
  else field.removeAttribute("aria-describedby");
}

for (const field of fields) {
  field.addEventListener("input", () => mark(field, null));
  field.addEventListener("blur", () => {
    if (field.value && shown(field)) mark(field, CHECKS[field.id](field.value));
  });
}

function validate() {
  const wrong = fields.filter(shown).filter((field) => {
    const problem = CHECKS[field.id](field.value);
    mark(field, problem);
    return problem;
  });
  wrong[0]?.focus();
  return wrong.length === 0;
}

function set(field, text) {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function setUpCard() {
  if (!$("cardNumber")) return;
  mask($("cardNumber"), formatNumber);
  mask($("cardExpiry"), formatExpiry);
  mask($("cardCvc"), digitsOnly(4));
  $("cardNumber").addEventListener("input", () => {
    const { brand, label } = brandOf($("cardNumber").value);
    $("cardBrand").textContent = brand === "unknown" ? "" : label;
  });
  const order = ["cardNumber", "cardExpiry", "cardCvc"];
  order.slice(0, -1).forEach((id, index) => {
    let was = false;
    $(id).addEventListener("input", () => {
      const now = !CHECKS[id]($(id).value);
      if (now && !was && document.activeElement === $(id)) $(order[index + 1]).focus();
      was = now;
    });
  });
  for (const card of TEST_CARDS) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "chip";
    chip.textContent = card.label;
    chip.title = `${formatNumber(card.number)}${card.hint ? ` · ${card.hint}` : ""}`;
    chip.dataset.number = card.number;
    chip.addEventListener("click", () => fill(card.number));
    $("testCards").append(chip);
  }
}

function fill(number) {
  const radio = form.querySelector('input[name="method"][type="radio"][value="card"]');
  if (radio && !radio.checked) radio.click();
  set($("cardNumber"), number);
  set($("cardExpiry"), testExpiry());
  set($("cardCvc"), number.startsWith("3") ? "1234" : "123");
  const rest = { email: "jenny@example.com", billingName: "Jenny Rosen", billingPostalCode: "42424", billingAddressLine1: "27 Fredrick Ave", billingLocality: "Brothers" };
  for (const [id, text] of Object.entries(rest)) {
    if ($(id) && !$(id).readOnly && !$(id).value && shown($(id))) set($(id), text);
  }
  button.focus();
}

function setUpCountries() {
  for (const prefix of ["billing", "shipping"]) {
    const select = $(`${prefix}Country`);
    if (!select) continue;
    fillCountries(select);
    const allowed = select.dataset.allowed?.split(" ");
    if (allowed?.length) {
      for (const option of [...select.options]) if (!allowed.includes(option.value)) option.remove();
    }
    const postal = $(`${prefix}PostalCode`);
    const layout = () => {
      const box = postal.closest(".field");
      box.querySelector("label").textContent = select.value === "US" ? "ZIP code" : "Postal code";
      postal.placeholder = { US: "12345", GB: "WS11 1DB", CA: "M5T 1T4" }[select.value] ?? "";
      if (prefix === "billing" && !$("billingAddressLine1")) box.hidden = !COUNTRIES_WITH_POSTAL.has(select.value);
    };
    select.addEventListener("change", layout);
    layout();
  }
}

function setUpMethods() {
  if ($("iban")) mask($("iban"), formatIban);
  for (const radio of form.querySelectorAll('input[name="method"][type="radio"]')) {
    radio.addEventListener("change", () => {
      for (const body of form.querySelectorAll(".method-body")) body.hidden = body.dataset.method !== radio.value;
    });
  }
}

const methodType = () => form.querySelector('input[name="method"]:checked, input[name="method"][type="hidden"]')?.value;
const clean = (entries) => Object.fromEntries(Object.entries(entries).filter(([, text]) => text));

function addressOf(prefix) {
  return clean({
    country: value(`${prefix}Country`), line1: value(`${prefix}AddressLine1`), line2: value(`${prefix}AddressLine2`),
    city: value(`${prefix}Locality`), state: value(`${prefix}AdministrativeArea`), postal_code: value(`${prefix}PostalCode`),
  });
}

function methodParams() {
  const type = methodType();
  const name = type === "card" ? value("billingName") : value(`${type}-name`);
  const billing = clean({ name, email: value("email"), phone: value("phoneNumber") });
  if (type === "card") billing.address = addressOf("billing");
  const details = {
    card: () => ({ number: digitsOf(value("cardNumber")), ...parseExpiry(value("cardExpiry")), cvc: value("cardCvc") }),
    sepa_debit: () => ({ iban: value("iban").replace(/\s/g, "") }),
    us_bank_account: () => ({ routing_number: value("routingNumber"), account_number: value("accountNumber"), account_holder_type: "individual", account_type: "checking" }),
    bacs_debit: () => ({ sort_code: value("sortCode").replace(/-/g, ""), account_number: value("bacsAccountNumber") }),
  }[type]?.();
  return { type, [type]: details, billing_details: billing };
}

function confirmParams(method) {
  const params = { payment_method: method, email: value("email"), expected_amount: mode === "setup" ? undefined : form.dataset.total };
  if (value("phoneNumber")) params.phone = value("phoneNumber");
  if ($("shippingName")) params.shipping = { name: value("shippingName"), address: addressOf("shipping") };
  const customs = [...form.querySelectorAll(".custom")].map(({ dataset }) => [dataset.custom, value(`custom-${dataset.custom}`)]);
  if (customs.length) params.custom_fields = Object.fromEntries(customs.filter(([, text]) => text));
  if ($("termsOfServiceConsentCheckbox")) params.consent = { terms_of_service: "accepted" };
  return params;
}

const UNAUTHENTICATED = "We are unable to authenticate your payment method. Please choose a different payment method and try again.";
const FIELD_OF = {
  incorrect_number: "cardNumber", invalid_number: "cardNumber", expired_card: "cardExpiry", invalid_expiry_month: "cardExpiry",
  invalid_expiry_year: "cardExpiry", incorrect_cvc: "cardCvc", invalid_cvc: "cardCvc", email_invalid: "email",
};

function refuse(error) {
  busy(false);
  const card = error.type === "card_error";
  const message = error.message || "The payment could not be made.";
  const field = $(FIELD_OF[error.code] ?? (card ? "cardNumber" : ""));
  $("alert").textContent = card && !/different|another/i.test(message) ? `${message} Please try another card.` : message;
  $("alert").hidden = false;
  $("alert").scrollIntoView({ block: "nearest" });
  if (field && shown(field)) {
    mark(field, { message });
    field.focus();
    field.select();
  } else {
    $("alert").focus();
  }
}

function busy(on, text) {
  form.setAttribute("aria-busy", String(on));
  button.disabled = on;
  $("spinner").hidden = !on;
  $("submitText").textContent = text ?? (on ? "Processing…" : buttonText);
  $("progress").textContent = on ? "Processing your payment" : "";
}

async function pay() {
  $("alert").hidden = true;
  if (!validate()) return;
  busy(true);
  let method;
  if (form.dataset.needsMethod === "yes") {
    const made = await request("POST", "/v1/payment_methods", methodParams(), credentials);
    if (!made.ok) return void refuse(made.error);
    method = made.body.id;
  }
  const answer = await request("POST", `${PAGE}/confirm`, confirmParams(method), credentials);
  if (!answer.ok) return void refuse(answer.error);
  const intent = [answer.body.payment_intent, answer.body.setup_intent].find((one) => one?.status === "requires_action");
  if (intent) {
    const failed = await authenticate(intent);
    if (failed) return void refuse(failed);
  }
  await done();
}

// Resolves to the error that ends the attempt, or to nothing when the session is complete.
async function authenticate(intent) {
  await challenge($("challenge"), intent);
  const again = await request("GET", PAGE, {}, credentials);
  if (!again.ok) return again.error;
  if (again.body.status === "complete") return null;
  const now = again.body.payment_intent ?? again.body.setup_intent;
  const known = now?.last_payment_error ?? now?.last_setup_error;
  return known && !/_authentication_failure$/.test(known.code) ? known : { type: "card_error", message: UNAUTHENTICATED };
}

async function done() {
  $("spinner").hidden = true;
  $("submitText").textContent = "Done";
  button.classList.add("done");
  $("progress").textContent = "Done";
  const finish = new URL(`/_emulator/checkout/${session}/finish`, window.location.href).href;
  if (!framed) return window.location.assign(finish);
  if (complete === "event") return tell({ payloom: "complete" });
  return tell({ payloom: "navigate", url: finish });
}

// The session changes while it is open (promotion code, quantity, shipping); the summary is written anew by the server.
async function change(params, onError) {
  const answer = await request("POST", PAGE, params, credentials);
  if (!answer.ok) return onError(answer.error);
  form.dataset.total = answer.body.amount_total ?? form.dataset.total;
  const html = await request("GET", `/_emulator/checkout/${session}/summary`, {}, { plain: true });
  if (!html.ok) return onError(html.error);
  const focused = document.activeElement?.id;
  const open = document.querySelector(".summary-details")?.open;
  const parsed = new DOMParser().parseFromString(html.body, "text/html");
  $("submitText").textContent = buttonText = parsed.getElementById("summary").dataset.button;
  $("summary").replaceWith(parsed.getElementById("summary"));
  setUpSummary(open);
  ready();
  if (focused) $(focused)?.focus();
  return undefined;
}

const promotion = (code) => change({ promotion_code: code }, (error) => {
  $("promotionError").textContent = error.message;
  $("promotionError").hidden = false;
  $("promotionCode").setAttribute("aria-invalid", "true");
  $("promotionCode").setAttribute("aria-describedby", "promotionError");
});

function setUpSummary(open = !window.matchMedia("(max-width: 800px)").matches) {
  const details = document.querySelector(".summary-details");
  if (details) details.open = open;
  $("promotion")?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (value("promotionCode")) promotion(value("promotionCode"));
  });
  $("promotionRemove")?.addEventListener("click", () => promotion(""));
  for (const select of document.querySelectorAll("[data-line]")) {
    select.addEventListener("change", () => change({ updated_line_item_quantity: { line_item_id: select.dataset.line, quantity: select.value } }, refuse));
  }
}

function setUpShipping() {
  for (const radio of form.querySelectorAll('input[name="shippingRate"]')) {
    radio.addEventListener("change", () => change({ shipping_rate: radio.value }, refuse));
  }
}

setUpCountries();
setUpCard();
setUpMethods();
setUpShipping();
setUpSummary();
if (!$("cardNumber")) document.querySelector(".chips")?.remove();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!button.disabled) pay();
});
if (framed) reportHeight($("content"));
ready();
