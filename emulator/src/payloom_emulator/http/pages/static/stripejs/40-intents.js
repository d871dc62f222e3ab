// Confirming, retrieving and finishing PaymentIntents and SetupIntents.

const DONE = new Set(["succeeded", "processing", "requires_capture"]);
const FAILED_CHALLENGE = {
  payment: ["payment_intent_authentication_failure", "We are unable to authenticate your payment method. Please choose a different payment method and try again."],
  setup: ["setup_intent_authentication_failure", "We are unable to authenticate your payment method. Please choose a different payment method and try again."],
};
const never = () => new Promise(() => {});

class Intents {
  constructor(stripe) {
    this.stripe = stripe;
  }

  #request(method, path, params) {
    return this.stripe._controller.request(method, path, params);
  }

  async retrieve(intent) {
    const { body, error } = await this.#request("GET", intent.path, { client_secret: intent.secret });
    return error ? { error } : { [intent.name]: body };
  }

  // confirmPayment and confirmSetup.
  async confirm(options, { setup }) {
    const caller = setup ? "confirmSetup" : "confirmPayment";
    requireThat(isObject(options), `stripe.${caller}(): expected an object with elements or clientSecret.`);
    const { elements, confirmParams = {}, redirect = "always" } = options;
    requireThat(elements === undefined || elements instanceof Elements, `stripe.${caller}(): elements should be an object from stripe.elements().`);
    const secret = options.clientSecret ?? elements?._clientSecret;
    requireThat(secret, `stripe.${caller}(): please pass a clientSecret, or elements made with one.`);
    const intent = readSecret(secret, `stripe.${caller}()`);
    requireThat(intent.setup === setup, `stripe.${caller}() takes the client secret of a ${setup ? "SetupIntent" : "PaymentIntent"}.`);
    requireThat(["always", "if_required"].includes(redirect), `stripe.${caller}(): redirect should be "always" or "if_required".`);
    requireThat(redirect !== "always" || confirmParams.return_url, `stripe.${caller}(): the confirmParams.return_url argument is required when redirect is "always".`);
    if (confirmParams.return_url) checkUrl(confirmParams.return_url, caller);
    const { return_url: returnUrl, ...rest } = confirmParams;
    const params = { ...rest, client_secret: secret, use_stripe_sdk: true, return_url: returnUrl };

    let answer;
    if (params.confirmation_token || params.payment_method || !elements) {
      answer = await this.#request("POST", `${intent.path}/confirm`, params);
    } else {
      if (elements._deferred) {
        requireThat(elements._submitted, `elements.submit() must be called before stripe.${caller}() when the client secret is made later.`);
      }
      const valid = await elements._validate();
      if (valid.error) return { error: valid.error };
      const source = elements._source();
      requireThat(source, `stripe.${caller}(): elements should have a mounted Payment Element or Express Checkout Element.`);
      const collected = await elements._collect();
      if (collected.shipping && !params.shipping && !setup) params.shipping = collected.shipping;
      answer = await source._ask("confirm", { path: `${intent.path}/confirm`, params, billing: collected.billing_details });
    }
    if (answer.error) return { error: answer.error };
    return this.#finish(intent, answer.body, { redirect, returnUrl });
  }

  // confirmCardPayment, confirmCardSetup and the bank variants.
  async confirmWith(secret, data = {}, options = {}, { setup, type, caller }) {
    const intent = readSecret(secret, `stripe.${caller}()`);
    requireThat(intent.setup === setup, `stripe.${caller}() takes the client secret of a ${setup ? "SetupIntent" : "PaymentIntent"}.`);
    const { payment_method: method, payment_method_options: methodOptions, return_url: returnUrl, ...rest } = data ?? {};
    const handles = options?.handleActions !== false;
    const params = { ...rest, client_secret: secret, return_url: returnUrl, use_stripe_sdk: true };
    let answer;
    if (isObject(method)) {
      const { [type]: details, ...about } = method;
      const element = details instanceof StripeElement ? details : null;
      if (element) {
        answer = await element._ask("confirm", { path: `${intent.path}/confirm`, params, about });
      } else {
        const body = { ...params, payment_method_data: { type, ...about, [type]: details ?? {} } };
        answer = await this.#request("POST", `${intent.path}/confirm`, body);
      }
    } else {
      const cvc = methodOptions?.[type]?.cvc;
      if (typeof method === "string") params.payment_method = method;
      answer = cvc instanceof StripeElement
        ? await cvc._ask("confirm", { path: `${intent.path}/confirm`, params, cvcOnly: true })
        : await this.#request("POST", `${intent.path}/confirm`, params);
    }
    if (answer.error) return { error: answer.error };
    if (!handles) return { [intent.name]: answer.body };
    return this.#finish(intent, answer.body, { redirect: "if_required", returnUrl });
  }

  async handleNextAction(secret, caller) {
    const intent = readSecret(secret, `stripe.${caller}()`);
    const { body, error } = await this.#request("GET", intent.path, { client_secret: secret });
    if (error) return { error };
    return this.#finish(intent, body, { redirect: "if_required", passes: new Set(["requires_confirmation"]) });
  }

  async #finish(intent, object, { redirect, returnUrl, passes = new Set() }) {
    let current = object;
    if (current.status === "requires_action") {
      const action = current.next_action ?? {};
      if (action.type === "redirect_to_url") {
        window.location.assign(action.redirect_to_url.url);
        return never();
      }
      // Microdeposits, vouchers and the like: nothing to do in this page now.
      if (action.type !== "use_stripe_sdk") return this.#arrived(intent, current, { redirect, returnUrl });
      await challenge(`${ORIGIN}/_emulator/3ds/${intent.id}?client_secret=${encodeURIComponent(intent.secret)}&frame=1`);
      const again = await this.#request("GET", intent.path, { client_secret: intent.secret });
      if (again.error) return { error: again.error };
      current = again.body;
    }
    if (!DONE.has(current.status) && !passes.has(current.status)) return { error: challengeError(intent, current) };
    return this.#arrived(intent, current, { redirect, returnUrl });
  }

  #arrived(intent, current, { redirect, returnUrl }) {
    if (redirect !== "always" || !returnUrl) return { [intent.name]: current };
    const target = new URL(returnUrl);
    target.searchParams.set(intent.field, current.id);
    target.searchParams.set(`${intent.field}_client_secret`, intent.secret);
    target.searchParams.set("redirect_status", DONE.has(current.status) && current.status !== "processing" ? "succeeded" : "pending");
    window.location.assign(target.href);
    return never();
  }
}

function checkUrl(text, caller) {
  let url = null;
  try {
    url = new URL(text);
  } catch {
    // reported below
  }
  requireThat(url && /^[a-z][a-z0-9+.-]*:$/.test(url.protocol), `stripe.${caller}(): confirmParams.return_url should be an absolute URL. You specified: ${text}.`);
}

function challengeError(intent, object) {
  const kind = intent.setup ? "setup" : "payment";
  const known = intent.setup ? object.last_setup_error : object.last_payment_error;
  const [code, message] = FAILED_CHALLENGE[kind];
  // The API tells a failed challenge to a programmer; Stripe.js tells it to the person who pays.
  const told = !known || known.code === code ? { type: "invalid_request_error", ...known, code, message } : known;
  return { ...told, [intent.field]: object };
}

