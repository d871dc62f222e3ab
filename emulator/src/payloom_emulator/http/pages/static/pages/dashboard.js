// The buttons of the front page, and the part of it that keeps itself current.

import { ready } from "../lib/ready.js";

const REFRESH_MS = 2000;
const outcome = document.querySelector("#outcome");
const DECLINED = { type: "card_error", code: "card_declined", message: "Your card was declined." };
let shown = "";

function say(text, bad = false) {
  outcome.textContent = text;
  outcome.classList.toggle("bad", bad);
}

async function control(path, body, done) {
  try {
    const response = await fetch(`/_emulator/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) return say(answer.error?.message ?? `The local Stripe answered ${response.status}.`, true);
    say(typeof done === "function" ? done(answer) : done);
  } catch {
    return say("The local Stripe cannot be reached.", true);
  }
  return refresh();
}

async function refresh() {
  const here = new URL(window.location.href);
  here.searchParams.set("part", "live");
  const response = await fetch(here).catch(() => null);
  if (!response || (!response.ok && response.status !== 404)) return;
  const html = await response.text();
  if (html === shown) return;
  shown = html;
  const live = document.querySelector("#live");
  const focused = live.contains(document.activeElement) ? selectorOf(document.activeElement) : null;
  const scrolled = [...live.querySelectorAll(".json, .table")].map((part) => [part.scrollTop, part.scrollLeft]);
  live.replaceWith(new DOMParser().parseFromString(html, "text/html").querySelector("#live"));
  document.querySelectorAll("#live .json, #live .table").forEach((part, index) => {
    [part.scrollTop, part.scrollLeft] = scrolled[index] ?? [0, 0];
  });
  if (focused) document.querySelector(focused)?.focus();
}

function selectorOf(node) {
  for (const name of ["advance", "resend", "roll", "act"]) {
    if (node.dataset[name]) return `[data-${name}="${CSS.escape(node.dataset[name])}"]`;
  }
  return node.href ? `#live a[href="${CSS.escape(node.getAttribute("href"))}"]` : null;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { advance, resend, roll, copy, act, id, decline } = button.dataset;
  if (act) await control("act", { id, action: act }, (answer) => `${answer.done}: ${answer.result}.`);
  if (decline !== undefined) await control("fail-next", { status: 402, method: "POST", path: "/v1/payment_intents", ...DECLINED }, "The next call that makes or confirms a payment will be declined.");
  if (advance) await control("clock", { advance }, (answer) => `The clock moved; ${answer.timers} planned thing${answer.timers === 1 ? "" : "s"} happened.`);
  if (resend) await control("redeliver", { event: resend }, (answer) => `Planned ${answer.planned} deliver${answer.planned === 1 ? "y" : "ies"}.`);
  if (roll && window.confirm("Give this endpoint a new signing secret? Events are signed with the old one too for 24 hours.")) {
    await control(`webhook_endpoints/${roll}/roll`, { expires_in_hours: 24 }, (answer) => `New secret: ${answer.secret}. The old one works for 24 hours more.`);
  }
  if (copy) {
    await navigator.clipboard.writeText(copy).catch(() => {});
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
  if (button.id === "reset" && window.confirm("Forget every object, event and key of this local Stripe?")) {
    await control("reset", {}, "Everything is forgotten.");
  }
});

document.querySelector("#trigger")?.addEventListener("submit", (event) => {
  event.preventDefault();
  control("trigger", { event: event.target.event.value }, `Triggered ${event.target.event.value}.`);
});

document.querySelector("#fail")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const [status, when = "before"] = event.target.status.value.split(" ");
  const declined = status === "402" ? DECLINED : {};
  control("fail-next", { status: Number(status), when, method: "POST", path: "/v1/", ...declined }, `The next POST will fail with ${status}.`);
});

// "/" goes to the field for ids, the arrows walk through the rows of a list.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, .json")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("#findId").focus();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const rows = [...document.querySelectorAll("#live .row-link")];
  const at = rows.indexOf(document.activeElement);
  if (!step || !rows.length || (at < 0 && event.target !== document.body)) return;
  event.preventDefault();
  rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))].focus();
});

setInterval(() => {
  if (document.visibilityState === "visible") refresh();
}, REFRESH_MS);
ready();
