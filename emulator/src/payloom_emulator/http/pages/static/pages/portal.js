// The portal's two forms that need a script: the country list, and the card that becomes a payment method.

import { request } from "../lib/api.js";
import { cvcProblem, digitsOf, expiryProblem, formatExpiry, formatNumber, numberProblem, parseExpiry } from "../lib/card.js";
import { fillCountries } from "../lib/countries.js";
import { digitsOnly, mask } from "../lib/masks.js";
import { ready } from "../lib/ready.js";

const $ = (id) => document.getElementById(id);
if ($("country")) fillCountries($("country"), $("country").dataset.value || "US");

const CHECKS = {
  cardNumber: numberProblem,
  cardExpiry: (text) => expiryProblem(text),
  cardCvc: (text) => cvcProblem(text, $("cardNumber").value),
};

function mark(id, problem) {
  $(id).setAttribute("aria-invalid", String(Boolean(problem)));
  $(`${id}-error`).textContent = problem?.message ?? "";
  $(`${id}-error`).hidden = !problem;
}

async function save(form) {
  const wrong = Object.keys(CHECKS).filter((id) => {
    const problem = CHECKS[id]($(id).value);
    mark(id, problem);
    return problem;
  });
  if (wrong.length) return $(wrong[0]).focus();
  const button = form.querySelector("button");
  button.disabled = true;
  const card = { number: digitsOf($("cardNumber").value), ...parseExpiry($("cardExpiry").value), cvc: $("cardCvc").value };
  const { key, account } = form.dataset;
  const made = await request("POST", "/v1/payment_methods", { type: "card", card }, { key, account });
  if (made.ok) {
    $("paymentMethod").value = made.body.id;
    for (const id of Object.keys(CHECKS)) $(id).disabled = true; // the card itself is not sent with the form
    return form.submit();
  }
  button.disabled = false;
  $("alert").textContent = made.error.message;
  $("alert").hidden = false;
  return undefined;
}

if ($("card")) {
  mask($("cardNumber"), formatNumber);
  mask($("cardExpiry"), formatExpiry);
  mask($("cardCvc"), digitsOnly(4));
  for (const id of Object.keys(CHECKS)) $(id).addEventListener("input", () => mark(id, null));
  $("card").addEventListener("submit", (event) => {
    event.preventDefault();
    save($("card"));
  });
}
ready();
