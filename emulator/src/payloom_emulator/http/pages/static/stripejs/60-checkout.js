// Checkout from the host page: the redirect, the embedded page, and a session driven by the host's own form.

function sessionIdOf(secret, caller) {
  const match = typeof secret === "string" ? SESSION_SECRET.exec(secret) : null;
  requireThat(match, `Invalid value for ${caller}: clientSecret should be the client_secret of a Checkout Session. You specified: ${secret}.`);
  return match[1];
}

async function redirectToCheckout(stripe, { sessionId } = {}) {
  requireThat(typeof sessionId === "string" && sessionId, "stripe.redirectToCheckout(): please pass sessionId; client-only Checkout has been removed.");
  const { body, error } = await stripe._controller.request("GET", `/v1/payment_pages/${encodeURIComponent(sessionId)}`, {});
  if (error) return { error };
  window.location.assign(body.url ?? `${ORIGIN}/c/pay/${sessionId}`);
  return never();
}

class EmbeddedCheckout {
  #url;
  #frame = null;
  #parent = null;
  #onComplete;
  #destroyed = false;
  #listen = (event) => this.#hear(event);

  constructor(url, onComplete) {
    this.#url = url;
    this.#onComplete = onComplete;
  }

  mount(target) {
    requireThat(!this.#destroyed, "This Embedded Checkout has been destroyed. Please create a new one.");
    const parent = typeof target === "string" ? document.querySelector(target) : target;
    requireThat(parent instanceof Element, `The selector you specified (${target}) applies to no DOM elements that are currently on the page.`);
    const frame = document.createElement("iframe");
    frame.name = "embedded-checkout";
    frame.title = "Secure checkout";
    frame.src = this.#url;
    frame.allow = "payment *";
    Object.assign(frame.style, { border: "0", width: "100%", height: "640px", display: "block" });
    this.#frame = frame;
    this.#parent = parent;
    window.addEventListener("message", this.#listen);
    parent.append(frame);
  }

  #hear(event) {
    if (event.origin !== ORIGIN || event.source !== this.#frame?.contentWindow) return;
    const { payloom, height, url } = event.data ?? {};
    if (payloom === "resize") this.#frame.style.height = `${height}px`;
    if (payloom === "complete") this.#onComplete?.();
    if (payloom === "navigate" && /^https?:/.test(url)) window.location.assign(url);
  }

  unmount() {
    window.removeEventListener("message", this.#listen);
    this.#frame?.remove();
    this.#frame = null;
    this.#parent = null;
  }

  destroy() {
    this.unmount();
    this.#destroyed = true;
    shown.embedded = false;
  }
}

const shown = { embedded: false };

// The embedded page is dark only in a host page that declares a dark scheme itself.
function hostTheme() {
  const declared = getComputedStyle(document.documentElement).colorScheme;
  return declared.includes("dark") && window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

async function createEmbeddedCheckoutPage(stripe, options = {}) {
  requireThat(!shown.embedded, "You cannot have multiple Embedded Checkout objects.");
  const secret = options.clientSecret ?? (await options.fetchClientSecret?.());
  const id = sessionIdOf(secret, "createEmbeddedCheckoutPage()");
  shown.embedded = true;
  const query = new URLSearchParams({ secret, complete: options.onComplete ? "event" : "redirect", theme: hostTheme() });
  return new EmbeddedCheckout(`${ORIGIN}/_emulator/checkout/${id}/embedded?${query}`, options.onComplete);
}

// The Checkout session as the host page's own form sees it.
class CheckoutSdk extends Emitter {
  #stripe;
  #secret;
  #options;
  #session = null;
  #elements = null;
  #draft = {};

  constructor(stripe, options) {
    super();
    requireThat(isObject(options) && options.clientSecret, "Please pass the clientSecret of a Checkout Session.");
    this.#stripe = stripe;
    this.#options = options;
    this.#secret = Promise.resolve(options.clientSecret);
    const defaults = options.defaultValues ?? {};
    this.#draft = { email: defaults.email ?? null, phoneNumber: defaults.phoneNumber ?? null, billingAddress: defaults.billingAddress ?? null, shippingAddress: defaults.shippingAddress ?? null };
    this.#elements = new Elements(stripe, { mode: "setup", appearance: options.elementsOptions?.appearance ?? options.appearance });
    this.#elements._checkout = this;
  }

  async #load() {
    const secret = await this.#secret;
    const id = sessionIdOf(secret, "clientSecret");
    const { body, error } = await this.#stripe._controller.request("GET", `/_emulator/checkout/${id}/session`, { secret });
    if (error) return { error };
    this.#session = body;
    return { session: this.#view() };
  }

  #view() {
    const { email, phoneNumber, billingAddress, shippingAddress } = this.#draft;
    const source = this.#elements._source();
    return {
      ...this.#session,
      email: this.#session.email ?? email,
      phoneNumber,
      billingAddress,
      shippingAddress,
      canConfirm: this.#session.status.type === "open" && Boolean(this.#session.email ?? email) && Boolean(source?._state.complete),
    };
  }

  #changed() {
    this._emit("change", this.#view());
  }

  async #send(path, params) {
    const { error } = await this.#stripe._controller.request("POST", path, params);
    if (error) return { type: "error", error: { message: error.message, code: null } };
    const loaded = await this.#load();
    if (loaded.error) return { type: "error", error: { message: loaded.error.message, code: null } };
    this.#changed();
    return { type: "success", session: loaded.session };
  }

  #draftly(name) {
    return async (value) => {
      this.#draft[name] = value;
      this.#changed();
      return { type: "success", session: this.#view() };
    };
  }

  async #promotion(code) {
    const result = await this.#send(`/v1/payment_pages/${this.#session.id}`, { promotion_code: code });
    return result.type === "error" && code ? { type: "error", error: { message: result.error.message, code: "invalidCode" } } : result;
  }

  async #email(value) {
    if (value && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value)) {
      return { type: "error", error: { message: "Your email is invalid.", code: "invalidEmail" } };
    }
    if (!value) return { type: "error", error: { message: "Your email is incomplete.", code: "incompleteEmail" } };
    return this.#draftly("email")(value);
  }

  async #confirm(args = {}) {
    const refused = (message) => ({ type: "error", error: { message, code: null } });
    const email = args.email ?? this.#session.email ?? this.#draft.email;
    if (!email) return refused("Please provide an email address before you confirm.");
    const valid = args.paymentMethod ? {} : await this.#elements._validate();
    if (valid.error) return refused(valid.error.message);
    let method = args.paymentMethod;
    const collected = await this.#elements._collect();
    const contact = args.billingAddress ?? this.#draft.billingAddress;
    if (!method) {
      const billing = merge(merge(collected.billing_details ?? {}, contact ? { name: contact.name, address: compact(contact.address) } : {}), { email });
      const made = await sourceOf(this.#elements)._ask("create", { path: "/v1/payment_methods", billing, flat: true });
      if (made.error) return refused(made.error.message);
      method = made.body.id;
    }
    const answer = await this.#stripe._controller.request("POST", `/v1/payment_pages/${this.#session.id}/confirm`, {
      payment_method: method, email, expected_amount: this.#session.status.type === "open" ? this.#session.total.total.minorUnitsAmount : undefined,
    });
    if (answer.error) {
      const code = answer.error.type === "card_error" ? "paymentFailed" : null;
      return { type: "error", error: { message: answer.error.message, code, ...(code ? { paymentFailed: { declineCode: answer.error.decline_code ?? null } } : {}) } };
    }
    const failure = await this.#challenged(answer.body);
    if (failure) return { type: "error", error: { message: failure, code: "paymentFailed", paymentFailed: { declineCode: null } } };
    const loaded = await this.#load();
    if (loaded.error) return refused(loaded.error.message);
    const target = this.#session.returnUrl ?? args.returnUrl;
    if (target && args.redirect !== "if_required") {
      window.location.assign(target);
      return never();
    }
    this.#changed();
    return { type: "success", session: loaded.session };
  }

  async #challenged(page) {
    const intent = page.payment_intent ?? page.setup_intent;
    if (!isObject(intent) || intent.status !== "requires_action") return null;
    const outcome = await challenge(`${ORIGIN}/_emulator/3ds/${intent.id}?client_secret=${encodeURIComponent(intent.client_secret)}&frame=1`);
    return outcome === "complete" ? null : FAILED_CHALLENGE.payment[1];
  }

  async loadActions() {
    const loaded = await this.#load();
    if (loaded.error) return { type: "error", error: { message: loaded.error.message, code: null } };
    const unsupported = (name) => async () => ({ type: "error", error: { message: `The local Stripe does not support ${name}.`, code: null } });
    return {
      type: "success",
      actions: {
        getSession: () => this.#view(),
        confirm: (args) => this.#confirm(args),
        applyPromotionCode: (code) => this.#promotion(code),
        removePromotionCode: () => this.#promotion(""),
        updateEmail: (value) => this.#email(value),
        updatePhoneNumber: this.#draftly("phoneNumber"),
        updateBillingAddress: this.#draftly("billingAddress"),
        updateShippingAddress: this.#draftly("shippingAddress"),
        updateIndividualName: this.#draftly("individualName"),
        updateBusinessName: this.#draftly("businessName"),
        updateTaxIdInfo: this.#draftly("taxIdInfo"),
        updateLineItemQuantity: ({ lineItem, quantity }) => this.#send(`/v1/payment_pages/${this.#session.id}`, { updated_line_item_quantity: { line_item_id: lineItem, quantity } }),
        updateShippingOption: unsupported("updateShippingOption()"),
        addOptionalLineItem: unsupported("addOptionalLineItem()"),
        removeOptionalLineItem: unsupported("removeOptionalLineItem()"),
        runServerUpdate: async (update) => {
          await update();
          const again = await this.#load();
          this.#changed();
          return again.error ? { type: "error", error: { message: again.error.message, code: null } } : { type: "success", session: again.session };
        },
        validateElements: async () => {
          const valid = await this.#elements._validate();
          if (!valid.error) return { type: "success", session: this.#view() };
          return { type: "error", error: { code: "validation_error", message: valid.error.message, validation_errors: [{ message: valid.error.message, element: "payment" }] } };
        },
      },
    };
  }

  changeAppearance(appearance) {
    this.#elements.update({ appearance });
  }

  loadFonts() {}

  #create(type, options) {
    const element = this.#elements.create(type, options);
    element.on("change", () => this.#session && this.#changed());
    return element;
  }

  createPaymentElement = (options) => this.#create("payment", options);
  createBillingAddressElement = (options) => this.#create("address", { ...options, mode: "billing" });
  createShippingAddressElement = (options) => this.#create("address", { ...options, mode: "shipping" });
  createExpressCheckoutElement = (options) => this.#create("expressCheckout", options);
  createCurrencySelectorElement = () => this.#create("currencySelector");
  createTaxIdElement = (options) => this.#create("taxId", options);
  createContactDetailsElement = () => this.#create("contactDetails");
  createTermsElement = (options) => this.#create("terms", options);
  createLinkSignupElement = (options) => this.#create("linkSignup", options);
  getPaymentElement = () => this.#elements.getElement("payment");
  getBillingAddressElement = () => this.#elements.getElement("address", { mode: "billing" });
  getShippingAddressElement = () => this.#elements.getElement("address", { mode: "shipping" });
  getExpressCheckoutElement = () => this.#elements.getElement("expressCheckout");
  getCurrencySelectorElement = () => this.#elements.getElement("currencySelector");
  getTaxIdElement = () => this.#elements.getElement("taxId");
  getContactDetailsElement = () => this.#elements.getElement("contactDetails");
  getTermsElement = () => this.#elements.getElement("terms");
  getLinkSignupElement = () => this.#elements.getElement("linkSignup");
}

// basil's initCheckout({fetchClientSecret}) resolves to the actions themselves; later trains hand out the object at once.
function initCheckout(stripe, options = {}) {
  if (!options.fetchClientSecret) return new CheckoutSdk(stripe, options);
  return (async () => {
    const sdk = new CheckoutSdk(stripe, { ...options, clientSecret: await options.fetchClientSecret() });
    const { actions, error } = await sdk.loadActions();
    if (error) throw new Error(error.message);
    return Object.assign(sdk, actions, { session: actions.getSession, createElement: (type, given) => sdk[`create${type[0].toUpperCase()}${type.slice(1)}Element`](given) });
  })();
}
