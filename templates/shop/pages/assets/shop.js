// The cart lives in the browser. Prices shown here are for display only: the server charges the prices in the table `products`.
import { payloom } from "/_payloom/payloom.js";

const KEY = "corner-shop-cart";

function load() {
  try {
    const cart = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (cart && Array.isArray(cart.items)) return cart;
  } catch { /* a damaged cart is an empty cart */ }
  return { cart_id: crypto.randomUUID(), items: [] };
}

// A changed cart is a new cart: the same id always answers with the same Checkout session.
function save(cart) {
  cart.cart_id = crypto.randomUUID();
  localStorage.setItem(KEY, JSON.stringify(cart));
  show();
}

function clear() {
  localStorage.removeItem(KEY);
  show();
}

function format(amount, currency) {
  const style = new Intl.NumberFormat("en-US", { style: "currency", currency: currency.toUpperCase() });
  return style.format(amount / 10 ** style.resolvedOptions().maximumFractionDigits);
}

// A cart has one currency: the one in which the last product was added.
function currencyOf(cart) {
  return cart.currency ?? cart.items[0]?.currency ?? "usd";
}

function priceOf(item, cart) {
  return (item.prices?.[currencyOf(cart)] ?? item.amount) * item.quantity;
}

function show() {
  const cart = load();
  const count = cart.items.reduce((sum, item) => sum + item.quantity, 0);
  for (const badge of document.querySelectorAll("[data-cart-count]")) {
    badge.hidden = count === 0;
    badge.textContent = String(count);
  }
  const lines = document.querySelector("[data-cart-lines]");
  if (!lines) return;
  document.querySelector("[data-cart-empty]").hidden = count > 0;
  document.querySelector("[data-cart-full]").hidden = count === 0;
  lines.replaceChildren(...cart.items.map((item) => {
    const row = document.createElement("tr");
    row.innerHTML = `<td></td><td><input type="number" min="1" max="20"></td><td class="num"></td><td class="num"><button class="link">Remove</button></td>`;
    row.children[0].textContent = item.name;
    const quantity = row.querySelector("input");
    quantity.value = String(item.quantity);
    quantity.setAttribute("aria-label", `Quantity of ${item.name}`);
    quantity.addEventListener("change", () => {
      item.quantity = Math.min(20, Math.max(1, Math.trunc(Number(quantity.value)) || 1));
      save(cart);
    });
    row.children[2].textContent = format(priceOf(item, cart), currencyOf(cart));
    const remove = row.querySelector("button");
    remove.setAttribute("aria-label", `Remove ${item.name}`);
    remove.addEventListener("click", () => {
      cart.items = cart.items.filter((other) => other.sku !== item.sku);
      save(cart);
    });
    return row;
  }));
  const total = document.querySelector("[data-cart-total]");
  total.textContent = count ? format(cart.items.reduce((sum, item) => sum + priceOf(item, cart), 0), currencyOf(cart)) : "";
}

for (const button of document.querySelectorAll("[data-add]")) {
  button.addEventListener("click", () => {
    const cart = load();
    const { add: sku, name, currency } = button.dataset;
    const prices = JSON.parse(button.dataset.prices);
    const found = cart.items.find((item) => item.sku === sku);
    if (found) found.quantity = Math.min(20, found.quantity + 1);
    else cart.items.push({ sku, name, prices, quantity: 1 });
    cart.currency = currency;
    save(cart);
    const label = button.innerHTML;
    button.textContent = "Added ✓";
    setTimeout(() => { button.innerHTML = label; }, 1200);
  });
}

for (const button of document.querySelectorAll("[data-cart-pay]")) {
  button.data = () => {
    const cart = load();
    const email = document.querySelector("[data-guest-email]");
    if (email && !email.reportValidity()) return null;   // null: nothing is sent
    return {
      cart_id: cart.cart_id,
      items: cart.items.map(({ sku, quantity }) => ({ sku, quantity })),
      currency: currencyOf(cart),
      ...(email ? { email: email.value } : {}),
    };
  };
}

for (const form of document.querySelectorAll("[data-refund]")) {
  const requestId = { current: crypto.randomUUID() };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const error = form.querySelector(".error");
    const button = form.querySelector("button");
    const amount = form.elements.amount.value.trim();
    error.hidden = true;
    button.disabled = true;
    try {
      const answer = await payloom.call(`/orders/${form.dataset.refund}/refund`, {
        request_id: requestId.current,
        reason: form.elements.reason.value,
        ...(amount ? { amount: Number(amount) } : {}),
      });
      error.hidden = false;
      error.className = "done";
      error.textContent = `Refunded ${answer.amount} (${answer.status}).`;
      requestId.current = crypto.randomUUID();
      setTimeout(() => location.reload(), 1500);
    } catch (failure) {
      error.hidden = false;
      error.className = "error";
      error.textContent = failure.message;
      requestId.current = crypto.randomUUID();
    } finally {
      button.disabled = false;
    }
  });
}

document.addEventListener("payloom:paid", (event) => {
  if (event.target.hasAttribute?.("data-clear-cart")) clear();
});
window.addEventListener("storage", show);
show();
// Buttons wait in the HTML until their listeners are there: an earlier click would be lost.
for (const button of document.querySelectorAll("[data-awaits-script]")) {
  button.disabled = false;
  delete button.dataset.awaitsScript;
}
