// Ordinary flows through the official Node client against a local Stripe, in one process.
// Usage: node scenarios.js URL. Writes one JSON report: {scenario: null | "what went wrong"}.

import assert from "node:assert/strict";
import http from "node:http";
import Stripe from "stripe";

const base = new URL(process.argv[2]);
const address = { host: base.hostname, port: base.port, protocol: "http" };
const stripe = new Stripe("sk_test_node_scenarios", { ...address, maxNetworkRetries: 0 });
const browser = new Stripe("pk_test_node_scenarios", { ...address, maxNetworkRetries: 0 });
const returns = { return_url: "https://shop.example/return" };

const fails = async (promise, kind, expected) => {
  const error = await promise.then(() => assert.fail(`no ${kind.name}`), (problem) => problem);
  assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
  for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, `${name} of ${error.message}`);
  return error;
};

const control = async (path, body) => {
  const response = await fetch(new URL(`/_emulator/${path}`, base), { method: "POST", body: JSON.stringify(body) });
  assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
  return response.json();
};

const payer = () => stripe.customers.create({
  email: "jenny@example.com",
  payment_method: "pm_card_visa",
  invoice_settings: { default_payment_method: "pm_card_visa" },
});

const monthly = () => stripe.prices.create({
  currency: "eur", unit_amount: 1200, recurring: { interval: "month" }, product_data: { name: "Club" },
});

const pay = (given = {}) => stripe.paymentIntents.create({
  amount: 2000, currency: "usd", payment_method: "pm_card_visa", confirm: true, ...returns, ...given,
});

const scenarios = {
  async customers() {
    const made = await stripe.customers.create({ email: "a@example.com", metadata: { plan: "gold" } });
    const changed = await stripe.customers.update(made.id, { name: "Ada", metadata: { plan: "", seat: "1" } });
    assert.deepEqual([changed.name, changed.metadata], ["Ada", { seat: "1" }]);
    assert.equal((await stripe.customers.list({ email: "a@example.com" })).data[0].id, made.id);
    assert.equal((await stripe.customers.del(made.id)).deleted, true);
    assert.equal((await stripe.customers.retrieve(made.id)).deleted, true);
  },

  async productsAndPrices() {
    const product = await stripe.products.create({ name: "Mug" });
    const price = await stripe.prices.create({ product: product.id, unit_amount: 1500, currency: "jpy", lookup_key: "mug" });
    const [found] = (await stripe.prices.list({ lookup_keys: ["mug"], expand: ["data.product"] })).data;
    assert.deepEqual([found.id, found.product.name, found.unit_amount], [price.id, "Mug", 1500]);
    assert.equal((await stripe.prices.update(price.id, { active: false })).active, false);
  },

  async paymentSucceeds() {
    const intent = await pay({ expand: ["latest_charge.balance_transaction"] });
    assert.equal(intent.status, "succeeded");
    assert.equal(intent.latest_charge.payment_method_details.card.brand, "visa");
    assert.ok(intent.lastResponse.requestId.startsWith("req_"));
  },

  async paymentIsDeclined() {
    const error = await fails(pay({ payment_method: "pm_card_chargeDeclinedInsufficientFunds" }), Stripe.errors.StripeCardError, {
      code: "card_declined", decline_code: "insufficient_funds", statusCode: 402, type: "StripeCardError",
    });
    assert.equal(error.payment_intent.status, "requires_payment_method");
    const again = await stripe.paymentIntents.confirm(error.payment_intent.id, { payment_method: "pm_card_visa", ...returns });
    assert.equal(again.status, "succeeded");
  },

  async paymentAsksForThreeDSecure() {
    for (const [outcome, status] of [["complete", "succeeded"], ["fail", "requires_payment_method"]]) {
      const intent = await pay({ payment_method: "pm_card_threeDSecure2Required" });
      assert.equal(intent.status, "requires_action");
      assert.equal(intent.next_action.type, "redirect_to_url");
      await control(`3ds/${intent.id}/${outcome}`, { client_secret: intent.client_secret });
      assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, status);
    }
  },

  async manualCapture() {
    const held = await pay({ capture_method: "manual" });
    assert.deepEqual([held.status, held.amount_capturable], ["requires_capture", 2000]);
    const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1500 });
    assert.deepEqual([taken.status, taken.amount_received], ["succeeded", 1500]);
  },

  async checkout() {
    const price = await stripe.prices.create({ currency: "usd", unit_amount: 1500, product_data: { name: "Mug" } });
    const session = await stripe.checkout.sessions.create({
      mode: "payment", line_items: [{ price: price.id, quantity: 2 }], success_url: "https://shop.example/thanks",
    });
    assert.deepEqual([session.status, session.payment_status, session.amount_total], ["open", "unpaid", 3000]);
    assert.equal(new URL(session.url).host, base.host);
    await browser.rawRequest("POST", `/v1/payment_pages/${session.id}/confirm`, {
      email: "jenny@example.com",
      expected_amount: 3000,
      payment_method_data: {
        type: "card",
        billing_details: { name: "Jenny" },
        card: { number: "4242424242424242", exp_month: 12, exp_year: 2034, cvc: "123" },
      },
    });
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ["line_items", "payment_intent"] });
    assert.deepEqual([done.status, done.payment_status], ["complete", "paid"]);
    assert.deepEqual([done.line_items.data[0].quantity, done.payment_intent.amount_received], [2, 3000]);
  },

  async subscriptionWithTrialOnATestClock() {
    const start = Math.floor(Date.now() / 1000);
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start });
    const customer = await stripe.customers.create({ test_clock: clock.id });
    const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const price = await monthly();
    const subscription = await stripe.subscriptions.create({
      customer: customer.id, items: [{ price: price.id }], trial_period_days: 7, default_payment_method: method.id,
    });
    assert.deepEqual([subscription.status, subscription.trial_end], ["trialing", start + 7 * 86400]);
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start + 8 * 86400 });
    for (let tries = 0; (await stripe.testHelpers.testClocks.retrieve(clock.id)).status !== "ready"; tries += 1) {
      assert.ok(tries < 200, "the test clock never arrives");
      await new Promise((done) => { setTimeout(done, 20); });
    }
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, "active");
    const bills = await stripe.invoices.list({ subscription: subscription.id });
    assert.deepEqual(bills.data.map((bill) => [bill.status, bill.amount_paid]), [["paid", 1200], ["paid", 0]]);
    assert.equal((await stripe.subscriptions.cancel(subscription.id)).status, "canceled");
  },

  async refunds() {
    const intent = await pay();
    assert.equal((await stripe.refunds.create({ payment_intent: intent.id, amount: 500 })).status, "succeeded");
    assert.equal((await stripe.refunds.create({ payment_intent: intent.id })).amount, 1500);
    await fails(stripe.refunds.create({ payment_intent: intent.id }), Stripe.errors.StripeInvalidRequestError, {
      code: "charge_already_refunded", statusCode: 400,
    });
    assert.equal((await stripe.charges.retrieve(intent.latest_charge)).amount_refunded, 2000);
  },

  async invoices() {
    const customer = await payer();
    await stripe.invoiceItems.create({ customer: customer.id, amount: 2500, currency: "usd", description: "Work" });
    const draft = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: "include" });
    assert.deepEqual([draft.status, draft.total], ["draft", 2500]);
    assert.equal((await stripe.invoices.finalizeInvoice(draft.id)).status, "open");
    assert.deepEqual([(await stripe.invoices.pay(draft.id)).status], ["paid"]);
    const lines = await stripe.invoices.listLineItems(draft.id);
    assert.equal(lines.data[0].description, "Work");
  },

  async eventsAreListed() {
    const customer = await stripe.customers.create({ name: "Eve" });
    await stripe.customers.update(customer.id, { name: "Eva" });
    const events = (await stripe.events.list({ type: "customer.updated", limit: 5 })).data;
    const mine = events.find((event) => event.data.object.id === customer.id);
    assert.deepEqual(mine.data.previous_attributes, { name: "Eve" });
    assert.equal((await stripe.events.retrieve(mine.id)).type, "customer.updated");
  },

  async search() {
    const customer = await stripe.customers.create({ name: "Seek Me", metadata: { tier: "seeker" } });
    const found = await stripe.customers.search({ query: "name~'seek' AND metadata['tier']:'seeker'" });
    assert.deepEqual(found.data.map((one) => one.id), [customer.id]);
    await fails(stripe.customers.search({ query: "nonsense" }), Stripe.errors.StripeInvalidRequestError, { statusCode: 400 });
  },

  async autoPagination() {
    const made = [];
    for (let number = 0; number < 7; number += 1) made.push((await stripe.coupons.create({ percent_off: 5, duration: "once" })).id);
    const seen = [];
    for await (const coupon of stripe.coupons.list({ limit: 2 })) seen.push(coupon.id);
    assert.deepEqual(seen, made.reverse());
    assert.equal((await stripe.coupons.list({ limit: 3 }).autoPagingToArray({ limit: 5 })).length, 5);
  },

  async idempotency() {
    const options = { idempotencyKey: "order-1" };
    const first = await stripe.customers.create({ name: "Once" }, options);
    const again = await stripe.customers.create({ name: "Once" }, options);
    assert.equal(again.id, first.id);
    assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
    await fails(stripe.customers.create({ name: "Twice" }, options), Stripe.errors.StripeIdempotencyError, { statusCode: 400 });
  },

  async aLostAnswerHappenedOnceAndALimitHasItsOwnError() {
    const patient = new Stripe("sk_test_node_scenarios", { ...address, maxNetworkRetries: 2 });
    await control("fail-next", { status: 500, method: "POST", path: "/v1/products", when: "after" });
    await fails(patient.products.create({ name: "Lost" }), Stripe.errors.StripeAPIError, { statusCode: 500 });
    const { data } = await stripe.products.list({ limit: 100 });
    assert.equal(data.filter((product) => product.name === "Lost").length, 1);
    await control("fail-next", { status: 429, method: "POST", path: "/v1/products", code: "rate_limit" });
    await fails(stripe.products.create({ name: "Limited" }), Stripe.errors.StripeRateLimitError, { statusCode: 429 });
  },

  async webhookSignature() {
    const got = [];
    let arrived;
    const arrival = new Promise((resolve) => { arrived = resolve; });
    const server = http.createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      got.push([Buffer.concat(chunks), request.headers["stripe-signature"]]);
      response.end("ok");
      arrived();
    });
    await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
    try {
      const endpoint = await stripe.webhookEndpoints.create({
        url: `http://127.0.0.1:${server.address().port}/hook`, enabled_events: ["product.created"],
      });
      const product = await stripe.products.create({ name: "Announced" });
      await Promise.race([arrival, new Promise((_, reject) => { setTimeout(reject, 5000, new Error("no delivery")).unref(); })]);
      const [body, signature] = got[0];
      const event = stripe.webhooks.constructEvent(body, signature, endpoint.secret);
      assert.deepEqual([event.type, event.data.object.id], ["product.created", product.id]);
      assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, endpoint.secret), Stripe.errors.StripeSignatureVerificationError);
      const { secret } = await control(`webhook_endpoints/${endpoint.id}/roll`, { expires_in_hours: 1 });
      assert.notEqual(secret, endpoint.secret);
      await stripe.webhookEndpoints.del(endpoint.id);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  },

  async errorClasses() {
    const { errors } = Stripe;
    await fails(stripe.customers.retrieve("cus_nobody"), errors.StripeInvalidRequestError, { code: "resource_missing", statusCode: 404, param: "id" });
    await fails(stripe.customers.create({ colour: "red" }), errors.StripeInvalidRequestError, { code: "parameter_unknown", param: "colour" });
    await fails(stripe.paymentIntents.create({ currency: "usd" }), errors.StripeInvalidRequestError, { code: "parameter_missing", param: "amount" });
    const stranger = new Stripe("sk_wrong", { ...address, maxNetworkRetries: 0 });
    await fails(stranger.customers.list(), errors.StripeAuthenticationError, { statusCode: 401 });
    await fails(stripe.customers.list({}, { stripeAccount: "acct_nobody" }), errors.StripePermissionError, { statusCode: 403 });
    const nobody = new Stripe("sk_test_x", { ...address, port: 1, maxNetworkRetries: 0 });
    await fails(nobody.customers.list(), errors.StripeConnectionError, {});
  },
};

const report = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  report[name] = await scenario().then(() => null, (error) => String(error.stack ?? error));
}
process.stdout.write(JSON.stringify(report));
