// A shop's own form without a framework, through the unmodified @stripe/stripe-js loader.
import { loadStripe } from "@stripe/stripe-js";

const { SHOP } = window;
const root = document.querySelector("#root");
window.seen = [];

function add(html) {
  root.insertAdjacentHTML("beforeend", html);
}

function show(result) {
  const { error, ...rest } = result;
  const value = Object.values(rest)[0];
  const text = error
    ? { error: { type: error.type, code: error.code, message: error.message, decline_code: error.decline_code, intent: error.payment_intent?.status ?? error.setup_intent?.status } }
    : { ok: { object: value.object, status: value.status, id: value.id, last4: value.card?.last4 ?? value.payment_method_preview?.card?.last4 } };
  document.querySelector("#result").textContent = JSON.stringify(text);
}

async function api(kind, params) {
  const answer = await fetch(`/api/${kind}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(params) });
  return answer.json();
}

const INTENT = { amount: 2198, currency: "usd", automatic_payment_methods: { enabled: true } };
const DEFERRED = { mode: "payment", amount: 2198, currency: "usd" };
const returns = { confirmParams: { return_url: `${window.location.origin}/thanks` } };

function form(body) {
  add(`<form id="form">${body}<p><button id="pay">Pay now</button></p></form><p id="result" role="status"></p>`);
  return document.querySelector("#form");
}

function submit(action) {
  document.querySelector("#form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const result = await action();
      if (result) show(result);
    } catch (error) {
      document.querySelector("#result").textContent = JSON.stringify({ thrown: { name: error.name, message: error.message } });
    }
  });
}

function watch(element) {
  for (const name of ["ready", "change", "focus", "blur", "loaderror", "escape"]) {
    element.on(name, (event) => window.seen.push({ name, elementType: event.elementType, complete: event.complete, empty: event.empty, code: event.error?.code, brand: event.brand, type: event.value?.type }));
  }
  return element;
}

const FLOWS = {
  async payment(stripe) {
    const { clientSecret } = await api("payment_intents", { ...INTENT, ...(SHOP.params ? JSON.parse(SHOP.params) : {}) });
    const elements = stripe.elements({ clientSecret, appearance: SHOP.appearance ? JSON.parse(SHOP.appearance) : undefined });
    form('<div id="payment"></div>');
    watch(elements.create("payment", { layout: "tabs" })).mount("#payment");
    submit(() => stripe.confirmPayment({ elements, ...returns, redirect: SHOP.redirect ?? "always" }));
    Object.assign(window, { elements, stripe, clientSecret });
  },
  async deferred(stripe) {
    const elements = stripe.elements(DEFERRED);
    form('<div id="payment"></div><div id="address"></div>');
    watch(elements.create("payment")).mount("#payment");
    elements.create("address", { mode: "shipping" }).mount("#address");
    submit(async () => {
      const { error } = await elements.submit();
      if (error) return { error };
      const { clientSecret } = await api("payment_intents", INTENT);
      return stripe.confirmPayment({ elements, clientSecret, ...returns, redirect: "if_required" });
    });
  },
  async token(stripe) {
    const elements = stripe.elements(DEFERRED);
    form('<div id="payment"></div>');
    watch(elements.create("payment")).mount("#payment");
    submit(async () => {
      const { error } = await elements.submit();
      return error ? { error } : stripe.createConfirmationToken({ elements, params: { return_url: returns.confirmParams.return_url } });
    });
  },
  async setup(stripe) {
    const { clientSecret } = await api("setup_intents", { automatic_payment_methods: { enabled: true } });
    const elements = stripe.elements({ clientSecret });
    form('<div id="payment"></div>');
    watch(elements.create("payment")).mount("#payment");
    submit(() => stripe.confirmSetup({ elements, ...returns, redirect: SHOP.redirect ?? "if_required" }));
  },
  async card(stripe) {
    const { clientSecret } = await api("payment_intents", INTENT);
    const elements = stripe.elements();
    form('<div id="card" class="card-box"></div>');
    const card = watch(elements.create("card", { style: { base: { color: "#32325d" }, invalid: { color: "#b42335" } } }));
    card.mount("#card");
    submit(() => stripe.confirmCardPayment(clientSecret, { payment_method: { card, billing_details: { name: "Jenny Rosen" } } }));
    Object.assign(window, { card, stripe });
  },
  async split(stripe) {
    const elements = stripe.elements();
    form('<div id="n" class="card-box"></div><div id="e" class="card-box"></div><div id="c" class="card-box"></div>');
    const card = watch(elements.create("cardNumber", { showIcon: true }));
    card.mount("#n");
    watch(elements.create("cardExpiry")).mount("#e");
    watch(elements.create("cardCvc")).mount("#c");
    submit(() => (SHOP.make === "token" ? stripe.createToken(card, { name: "Jenny" }) : stripe.createPaymentMethod({ type: "card", card, billing_details: { name: "Jenny" } })));
  },
  async embedded(stripe) {
    const { clientSecret } = await api("sessions", JSON.parse(SHOP.params));
    const checkout = await stripe.createEmbeddedCheckoutPage({ clientSecret, onComplete: SHOP.complete ? () => { document.querySelector("#result").textContent = "complete"; } : undefined });
    add('<div id="checkout"></div><p id="result"></p>');
    checkout.mount("#checkout");
  },
};

const stripe = await loadStripe(SHOP.key);
await FLOWS[SHOP.flow](stripe);
document.body.dataset.ready = "yes";
