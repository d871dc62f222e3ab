/**
 * Payloom in the browser: `payloom.call(path, data)` and five elements for paying. One ES module, no dependencies.
 *
 *   <payloom-pay-button endpoint="/create-checkout" data='{"plan": "pro"}'>Pay</payloom-pay-button>
 *   <payloom-payment-form endpoint="/payments/intent" data='{"order_id": "…"}' return-url="/paid">Pay $19</payloom-payment-form>
 *   <payloom-checkout-result endpoint="/checkout-result"></payloom-checkout-result>
 *   <payloom-payment-status endpoint="/payments/status" data='{"order_id": "…"}' retry-url="/pay/…"></payloom-payment-status>
 *   <payloom-gate endpoint="/access" until="has_access">…<template data-open>…</template></payloom-gate>
 *
 * An element shows its state in `data-state` and tells it by events that bubble: `payloom:answer`, `payloom:paid`,
 * `payloom:open`, `payloom:error`. Amounts and access are decided by the server; nothing here is trusted by it.
 */

/** Why a call failed: `code` for programs, `message` for people, `fields` with one message per field. */
export class PayloomError extends Error {
  constructor({ code, message, hint, fields, run_id }, status = 0) {
    super(message);
    this.name = "PayloomError";
    Object.assign(this, { code, status, hint, fields: fields ?? {}, runId: run_id });
  }
}

const OFFLINE = { code: "offline", message: "The server could not be reached. Check your connection and try again." };
const UNREADABLE = { code: "unreadable", message: "The server gave an answer that could not be read. Try again." };

/**
 * Call an endpoint of the project. `path` is the one in the workflow file, such as `/create-checkout`.
 * `requestId`: sent with a POST so that the same click, sent twice, has one effect.
 */
export async function call(path, data = {}, { method = "POST", requestId, signal } = {}) {
  const url = new URL(`/api${path}`, location.origin);
  const options = { method, signal, credentials: "same-origin", headers: { accept: "application/json" } };
  if (method === "GET") {
    for (const [key, value] of Object.entries(data)) if (value !== null && value !== undefined) url.searchParams.set(key, value);
  } else {
    options.headers["content-type"] = "application/json";
    options.headers["idempotency-key"] = requestId ?? crypto.randomUUID();
    options.body = JSON.stringify(data);
  }
  let response;
  try {
    response = await fetch(url, options);
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new PayloomError(OFFLINE);
  }
  let body;
  try {
    body = await response.json();
  } catch {
    throw new PayloomError(UNREADABLE, response.status);
  }
  if (!response.ok) throw new PayloomError(body?.error ?? UNREADABLE, response.status);
  return body;
}

let config;
/** Which Stripe the server uses: `{publishable_key, script_url, mode}`. */
export function stripeConfig() {
  config ??= fetch("/_payloom/config.json", { credentials: "same-origin" }).then((response) => {
    if (!response.ok) throw new PayloomError(OFFLINE, response.status);
    return response.json();
  });
  config.catch(() => { config = undefined; });
  return config;
}

let stripe;
/** Load Stripe.js (the real one or the local one, as the server says) and return `Stripe(publishable_key)`. */
export function loadStripe() {
  stripe ??= stripeConfig().then((settings) => new Promise((resolve, reject) => {
    const make = () => resolve(window.Stripe(settings.publishable_key));
    if (window.Stripe) return make();
    const script = document.createElement("script");
    script.src = settings.script_url;
    script.onload = () => (window.Stripe ? make() : script.onerror());
    script.onerror = () => {
      script.remove();
      reject(new PayloomError({ code: "stripe_js", message: "The payment form could not be loaded. Reload the page to try again." }));
    };
    document.head.append(script);
  }));
  stripe.catch(() => { stripe = undefined; });
  return stripe;
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  .payloom-spinner { display: inline-block; width: 1em; height: 1em; margin-inline-start: .5em; vertical-align: -.125em;
    border: 2px solid currentColor; border-inline-end-color: transparent; border-radius: 50%; animation: payloom-turn .8s linear infinite; }
  .payloom-spinner[hidden], .payloom-error[hidden] { display: none; }
  @keyframes payloom-turn { to { transform: rotate(1turn); } }
  @media (prefers-reduced-motion: reduce) { .payloom-spinner { animation-duration: 4s; } }
  payloom-payment-form form > div { min-height: 40px; }
  payloom-payment-form button[type=submit] { margin-top: 16px; }
`);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** What the elements share: their data, their state, their errors. */
class PayloomElement extends HTMLElement {
  #data;

  /** An object, or a function that returns one (or null: nothing is sent). Wins over the attribute `data`. */
  get data() {
    return this.#data ?? (this.getAttribute("data") ? JSON.parse(this.getAttribute("data")) : {});
  }

  set data(value) {
    this.#data = value;
  }

  get endpoint() {
    return this.getAttribute("endpoint");
  }

  get state() {
    return this.dataset.state;
  }

  set state(value) {
    this.dataset.state = value;
  }

  connectedCallback() {
    if (this.started) return;
    this.started = true;
    // The module may run before the parser has reached the element's children.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.start(), { once: true });
    else this.start();
  }

  values() {
    const data = this.data;
    return typeof data === "function" ? data() : data;
  }

  tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(`payloom:${name}`, { bubbles: true, cancelable: true, detail }));
  }

  alert() {
    this.alertBox ??= this.appendChild(make("p", { className: "payloom-error", hidden: true }));
    this.alertBox.setAttribute("role", "alert");
    return this.alertBox;
  }

  clearErrors() {
    this.alert().hidden = true;
    for (const undo of this.marked ?? []) undo();
    this.marked = [];
  }

  /** Show an error beside the fields it names, and the rest here. */
  showError(failure) {
    const known = failure instanceof PayloomError;
    if (!known) console.error(failure);
    this.state = "error";
    this.tell("error", failure);
    const left = [];
    for (const [name, message] of Object.entries(known ? failure.fields : {})) {
      const field = document.querySelector(`[name="${CSS.escape(name)}"]:not([type=hidden])`);
      if (field) this.#mark(field, message);
      else left.push(`${name}: ${message}`);
    }
    if (this.marked?.length && !left.length) return;
    const box = this.alert();
    const text = known ? failure.message : "Something went wrong. Try again.";
    box.replaceChildren([text, ...left].join(" · "));
    if (known && failure.status === 401) {
      box.append(" ", make("a", { href: `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, textContent: "Sign in" }));
    }
    box.hidden = false;
  }

  #mark(field, message) {
    const id = `payloom-${crypto.randomUUID()}`;
    const note = make("span", { id, className: "payloom-error", textContent: message });
    note.setAttribute("role", "alert");
    const before = field.getAttribute("aria-describedby");
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", [before, id].filter(Boolean).join(" "));
    field.after(note);
    field.focus();
    (this.marked ??= []).push(() => {
      note.remove();
      field.removeAttribute("aria-invalid");
      if (before) field.setAttribute("aria-describedby", before);
      else field.removeAttribute("aria-describedby");
    });
  }
}

/** The busy state of a button: it cannot be pressed again, and says so to everybody. */
function busy(element, button, spinner, on) {
  element.state = on ? "busy" : "ready";
  button.disabled = on;
  button.setAttribute("aria-busy", String(on));
  spinner.hidden = !on;
}

function spinner() {
  const element = make("span", { className: "payloom-spinner", hidden: true });
  element.setAttribute("aria-hidden", "true");
  return element;
}

function safeUrl(text) {
  const url = new URL(text, location.href);
  if (!["http:", "https:"].includes(url.protocol)) throw new PayloomError(UNREADABLE);
  return url.href;
}

class PayButton extends PayloomElement {
  start() {
    this.spinner = spinner();
    this.button = make("button", { type: "button" }, ...this.childNodes, this.spinner);
    this.replaceChildren(this.button);
    this.button.addEventListener("click", () => this.press());
    // Back from Checkout the browser may show the page as it was left, with the button still busy.
    window.addEventListener("pageshow", (event) => { if (event.persisted) busy(this, this.button, this.spinner, false); });
    this.state = "ready";
  }

  async press() {
    if (this.state === "busy") return;
    this.clearErrors();
    const data = this.values();
    if (data === null) return;
    busy(this, this.button, this.spinner, true);
    try {
      const answer = await call(this.endpoint, data, { requestId: crypto.randomUUID() });
      if (this.tell("answer", answer) && answer.url) return location.assign(safeUrl(answer.url));
      busy(this, this.button, this.spinner, false);
    } catch (failure) {
      busy(this, this.button, this.spinner, false);
      this.showError(failure);
    }
  }
}

class PaymentForm extends PayloomElement {
  async start() {
    this.state = "loading";
    this.spinner = spinner();
    this.place = make("div");
    this.button = make("button", { type: "submit", disabled: true }, ...this.childNodes, this.spinner);
    this.form = make("form", {}, this.place, this.button);
    this.replaceChildren(this.form);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.pay();
    });
    await this.prepare();
  }

  async prepare() {
    try {
      const [answer, api] = await Promise.all([call(this.endpoint, this.values()), loadStripe()]);
      this.api = api;
      this.secret = answer.client_secret;
      this.elements = api.elements({ clientSecret: this.secret });
      const element = this.elements.create("payment");
      element.on("ready", () => busy(this, this.button, this.spinner, false));
      element.on("loaderror", (event) => this.showError(new PayloomError({ code: "stripe_js", message: event.error?.message ?? "The payment form could not be loaded." })));
      element.mount(this.place);
    } catch (failure) {
      this.showError(failure);
    }
  }

  get returnUrl() {
    return new URL(this.getAttribute("return-url") ?? location.href, location.href).href;
  }

  async pay() {
    if (this.state === "busy" || !this.elements) return;
    this.clearErrors();
    busy(this, this.button, this.spinner, true);
    try {
      const { error, paymentIntent } = await this.confirm();
      if (error) throw new PayloomError({ code: error.code ?? error.type, message: error.message ?? "The payment failed." });
      if (paymentIntent.status === "succeeded" || paymentIntent.status === "processing") this.tell("paid", paymentIntent);
      const url = new URL(this.returnUrl);
      url.searchParams.set("payment_intent", paymentIntent.id);
      url.searchParams.set("redirect_status", paymentIntent.status);
      location.assign(url);
    } catch (failure) {
      busy(this, this.button, this.spinner, false);
      this.showError(failure);
    }
  }

  async confirm() {
    const { error } = await this.elements.submit();
    if (error) return { error };
    return this.api.confirmPayment({
      elements: this.elements,
      clientSecret: this.secret,
      confirmParams: { return_url: this.returnUrl },
      redirect: "if_required",
    });
  }
}

/** Asks an endpoint until its answer is final; each answer is drawn. */
class Watcher extends PayloomElement {
  get patience() {
    return Number(this.getAttribute("timeout") ?? 60) * 1000;
  }

  async start() {
    this.state = "loading";
    this.setAttribute("aria-live", "polite");
    const end = performance.now() + this.patience;
    for (let wait = 400; this.isConnected; wait = Math.min(wait * 1.3, 3000)) {
      let done;
      try {
        done = this.draw(await call(this.endpoint, this.question(), { method: "GET" }));
        if (this.alertBox) this.alertBox.hidden = true;
      } catch (failure) {
        this.showError(failure);
        done = failure.code !== "offline" && failure.status < 500;
      }
      if (done) return;
      if (performance.now() > end) return this.late();
      await pause(wait);
    }
  }

  question() {
    return this.values();
  }

  late() {
    this.state = "late";
    this.alert().replaceChildren("This takes longer than usual. Reload the page in a minute.");
    this.alert().hidden = false;
  }

  /** Replace what is shown; the error box stays. */
  show(state, ...children) {
    this.state = state;
    this.alertBox = undefined;
    this.replaceChildren(...children);
  }

  paidOnce(answer) {
    if (!this.told) this.tell("paid", answer);
    this.told = true;
  }
}

const sentence = (text) => make("p", { textContent: text });

class CheckoutResult extends Watcher {
  question() {
    return { ...this.values(), session_id: new URLSearchParams(location.search).get("session_id") };
  }

  draw(answer) {
    const paid = answer.status === "paid" || answer.status === "no_payment_required";
    const order = answer.order ?? {};
    if (!paid) {
      this.show("unpaid", sentence("The payment is not there yet. Some banks take a few days; we will write to you."), ...this.lines(answer));
      return false;
    }
    this.paidOnce(answer);
    const open = order.access === true || order.status === "paid";
    const next = open ? "Your order is confirmed. The receipt is on its way." : "The payment arrived. Confirming your order …";
    this.show(open ? "open" : "paid", make("p", {}, make("strong", { textContent: `Paid ${answer.total ?? ""}`.trim() })), sentence(next), ...this.lines(answer));
    if (open) this.tell("open", answer);
    return open;
  }

  lines(answer) {
    if (!answer.lines?.length) return [];
    const rows = answer.lines.map((line) => make("tr", {},
      make("td", { textContent: `${line.quantity} × ${line.name}` }), make("td", { className: "num", textContent: line.total ?? "" })));
    return [make("table", { className: "lines" }, make("tbody", {}, ...rows))];
  }
}

class PaymentStatus extends Watcher {
  question() {
    return { ...this.values(), payment_intent: new URLSearchParams(location.search).get("payment_intent") };
  }

  draw(answer) {
    const order = answer.order ?? {};
    if (order.status === "paid" || order.access === true) {
      this.paidOnce(answer);
      this.show("open", make("p", {}, make("strong", { textContent: `Paid ${answer.total ?? ""}`.trim() })), sentence("Your order is confirmed. The receipt is on its way."));
      this.tell("open", answer);
      return true;
    }
    if (answer.status === "succeeded" || answer.status === "processing") {
      this.show("paid", sentence(answer.status === "succeeded" ? "The payment arrived. Confirming your order …" : "Your bank is working on the payment …"));
      return false;
    }
    const children = [sentence(answer.failure ?? "The payment was not completed.")];
    if (this.getAttribute("retry-url")) children.push(make("p", {}, make("a", { href: safeUrl(this.getAttribute("retry-url")), textContent: "Try again" })));
    this.show("failed", ...children);
    return true;
  }
}

class Gate extends Watcher {
  draw(answer) {
    if (!answer[this.getAttribute("until") ?? "has_access"]) {
      this.state = "closed";
      return false;
    }
    const template = this.querySelector("template[data-open]");
    if (template) this.show("open", template.content.cloneNode(true));
    else this.state = "open";
    this.tell("open", answer);
    return true;
  }
}

const ELEMENTS = {
  "payloom-pay-button": PayButton,
  "payloom-payment-form": PaymentForm,
  "payloom-checkout-result": CheckoutResult,
  "payloom-payment-status": PaymentStatus,
  "payloom-gate": Gate,
};
for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) customElements.define(name, element);
}

export const payloom = { call, loadStripe, stripeConfig, PayloomError };
export default payloom;
window.payloom = payloom;
