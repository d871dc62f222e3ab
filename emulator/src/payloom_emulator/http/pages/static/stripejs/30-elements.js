// Elements: containers in the host page, each with a frame. The group knows the intent and asks its elements together.

const KINDS = {
  payment: { title: "Secure payment input frame" },
  card: { title: "Secure card payment input frame" },
  cardNumber: { title: "Secure card number input frame" },
  cardExpiry: { title: "Secure expiration date input frame" },
  cardCvc: { title: "Secure CVC input frame" },
  iban: { title: "Secure IBAN input frame" },
  address: { title: "Secure address input frame" },
  shippingAddress: { title: "Secure address input frame", as: "address" },
  linkAuthentication: { title: "Secure email input frame" },
  contactDetails: { title: "Secure email input frame", as: "linkAuthentication" },
  expressCheckout: { title: "Secure express checkout frame", absent: true },
  paymentRequestButton: { title: "Secure payment button frame", absent: true },
  paymentMethodMessaging: { title: "Payment method messaging frame", absent: true },
  currencySelector: { title: "Currency selector frame", absent: true },
  linkSignup: { title: "Link frame", absent: true },
  taxId: { title: "Tax ID frame", absent: true },
  terms: { title: "Terms frame", absent: true },
};
const CLASSES = {
  base: "StripeElement",
  complete: "StripeElement--complete",
  empty: "StripeElement--empty",
  focus: "StripeElement--focus",
  invalid: "StripeElement--invalid",
};
const ROOMY = new Set(["payment", "address", "linkAuthentication"]);
const MANY = new Set(["address"]);

class StripeElement extends Emitter {
  #group;
  #kind;
  #options;
  #frame = null;
  #parent = null;
  #destroyed = false;

  constructor(group, type, options) {
    super();
    this.#group = group;
    this.#kind = KINDS[type];
    this.#options = options ?? {};
    this._type = type;
    this._state = { empty: true, complete: false, error: undefined };
    this._loaded = false;
  }

  get _options() {
    return this.#options;
  }

  get _absent() {
    return Boolean(this.#kind.absent);
  }

  mount(target) {
    requireThat(!this.#destroyed, "This Element has already been destroyed. Please create a new one.");
    const parent = typeof target === "string" ? document.querySelector(target) : target;
    requireThat(
      parent instanceof Element,
      `The selector you specified (${target}) applies to no DOM elements that are currently on the page.`,
    );
    if (this.#parent === parent) return this;
    this.unmount();
    parent.replaceChildren();
    this.#parent = parent;
    this.#paint();
    const holder = document.createElement("div");
    holder.className = "__PrivateStripeElement";
    Object.assign(holder.style, { margin: "0", padding: "0", border: "none", display: "block", background: "transparent", position: "relative" });
    parent.append(holder);
    if (this.#kind.absent) {
      this.#announceAbsent();
      return this;
    }
    if (this._type === "payment" && this._hears("loaderstart")) {
      queueMicrotask(() => this._emit("loaderstart", { elementType: this._type }));
    }
    this.#frame = new Frame({
      path: `/_emulator/elements/${this.#kind.as ?? this._type}`,
      title: this.#kind.title,
      config: () => ({
        type: this.#kind.as ?? this._type,
        options: this.#options,
        group: this.#group._describe(),
        credentials: this.#group._credentials,
      }),
      onEvent: (name, payload) => this.#hear(name, payload),
    });
    // The forms keep 4 px around themselves for focus rings; the container does not see them.
    if (ROOMY.has(this.#kind.as ?? this._type)) Object.assign(this.#frame.node.style, { margin: "-4px", width: "calc(100% + 8px)" });
    holder.append(this.#frame.node);
    return this;
  }

  // Wallets and the like: nothing to show, and the page is told so in Stripe's own way.
  #announceAbsent() {
    queueMicrotask(() => {
      this._loaded = true;
      const extra = this._type === "expressCheckout" ? { availablePaymentMethods: undefined } : {};
      this._emit("ready", { elementType: this._type, ...extra });
    });
  }

  #hear(name, payload) {
    const event = { elementType: this._type, ...payload };
    if (name === "ready") this._loaded = true;
    if (name === "change") {
      this._state = payload;
      this.#paint();
    }
    if (name === "focus" || name === "blur") {
      this._focused = name === "focus";
      this.#paint();
    }
    if (name === "loaderror" && !this._hears("loaderror")) {
      console.error(`[Payloom local Stripe] The ${this._type} element could not load: ${payload.error.message}`);
    }
    this._emit(name, event);
  }

  #paint() {
    const names = { ...CLASSES, ...this.#options.classes };
    const on = {
      base: true,
      complete: this._state.complete,
      empty: this._state.empty,
      focus: Boolean(this._focused),
      invalid: Boolean(this._state.error),
    };
    for (const [part, name] of Object.entries(names)) {
      for (const token of String(name ?? "").split(/\s+/).filter(Boolean)) this.#parent?.classList.toggle(token, Boolean(on[part]));
    }
  }

  update(options) {
    this.#options = merge(this.#options, options);
    this.#frame?.tell("update", { options: this.#options, group: this.#group._describe() });
    return this;
  }

  _refresh() {
    this.#frame?.tell("update", { options: this.#options, group: this.#group._describe() });
  }

  // Resolves once the frame has read its intent again.
  _reload() {
    return this.#frame ? this.#frame.ask("reload", { group: this.#group._describe() }) : Promise.resolve({});
  }

  _ask(action, payload) {
    if (!this.#frame) throw new IntegrationError(`The ${this._type} element is not mounted: mount it before you use it.`);
    return this.#frame.ask(action, payload);
  }

  get _mounted() {
    return this.#parent !== null;
  }

  focus() {
    this.#frame?.node.focus();
    this.#frame?.tell("focus");
  }

  blur() {
    this.#frame?.tell("blur");
    this.#frame?.node.blur();
  }

  clear() {
    this.#frame?.tell("clear");
  }

  collapse() {
    return this;
  }

  unmount() {
    this.#frame?.remove();
    this.#frame = null;
    const names = { ...CLASSES, ...this.#options.classes };
    for (const name of Object.values(names)) {
      for (const token of String(name ?? "").split(/\s+/).filter(Boolean)) this.#parent?.classList.remove(token);
    }
    this.#parent?.replaceChildren();
    this.#parent = null;
    this._state = { empty: true, complete: false, error: undefined };
    this._loaded = false;
    return this;
  }

  destroy() {
    this.unmount();
    this.#destroyed = true;
    this.#group._drop(this);
    this._forget();
    return this;
  }

  async getValue() {
    requireThat(this._type === "address" || this._type === "shippingAddress", "getValue() is available on the address Element.");
    return this._ask("value");
  }
}

class Elements extends Emitter {
  #elements = [];
  #options;

  constructor(stripe, options = {}) {
    super();
    this._stripe = stripe;
    this._credentials = stripe._credentials;
    this._key = `g${(frameCount += 1)}${Math.random().toString(36).slice(2)}`;
    this._submitted = false;
    if (options.clientSecret !== undefined) {
      requireThat(
        SECRET.test(options.clientSecret) || SESSION_SECRET.test(options.clientSecret),
        `Invalid value for elements(): clientSecret should be a client secret of the form \${id}_secret_\${secret}. You specified: ${options.clientSecret}.`,
      );
      requireThat(options.mode === undefined, "Please pass either clientSecret or mode to elements(), not both.");
    }
    if (stripe._train === "endive") {
      requireThat(
        options.paymentMethodTypes === undefined && options.payment_method_types === undefined,
        "paymentMethodTypes is no longer supported: use allowedPaymentMethodTypes.",
      );
    }
    if (options.mode !== undefined) this.#checkDeferred(options);
    this.#options = options;
  }

  #checkDeferred({ mode, amount, currency }) {
    requireThat(["payment", "setup", "subscription"].includes(mode), "Invalid value for elements(): mode should be one of payment, setup, subscription.");
    if (mode !== "setup") {
      requireThat(Number.isInteger(amount) && (amount > 0 || mode === "subscription"), "Invalid value for elements(): amount should be a positive integer in the smallest currency unit.");
      requireThat(typeof currency === "string" && currency.length === 3, "Invalid value for elements(): currency should be a three-letter code.");
    }
  }

  _describe() {
    const { clientSecret, mode, amount, currency, appearance, locale, ...rest } = this.#options;
    const setupFutureUsage = rest.setupFutureUsage ?? rest.setup_future_usage;
    return {
      key: this._key, clientSecret, mode, amount, currency, appearance, locale, setupFutureUsage,
      allowed: rest.allowedPaymentMethodTypes ?? rest.paymentMethodTypes ?? rest.payment_method_types,
      excluded: rest.excludedPaymentMethodTypes,
    };
  }

  get _clientSecret() {
    return this.#options.clientSecret;
  }

  get _deferred() {
    return this.#options.mode !== undefined;
  }

  create(type, options) {
    requireThat(type in KINDS || /^issuing|^auBankAccount$/.test(type), `A valid Element name must be provided. Valid Elements are: ${Object.keys(KINDS).join(", ")}; you specified: ${type}.`);
    requireThat(type in KINDS, `The local Stripe has no ${type} element.`);
    if (type === "payment") {
      requireThat(this._deferred || this._clientSecret, "In order to create a payment element, you must pass a clientSecret or mode when creating the Elements group.");
    }
    requireThat(MANY.has(type) || !this.getElement(type), `Can only create one Element of type ${type} through elements.create().`);
    const element = new StripeElement(this, type, options);
    this.#elements.push(element);
    return element;
  }

  getElement(type, options) {
    const name = typeof type === "function" ? type.__elementType : type?.__elementType ?? type;
    return this.#elements.find((one) => one._type === name && (!options?.mode || one._options.mode === options.mode)) ?? null;
  }

  _drop(element) {
    this.#elements = this.#elements.filter((one) => one !== element);
  }

  _all() {
    return [...this.#elements];
  }

  async update(options) {
    const { clientSecret, ...changes } = options ?? {};
    if (clientSecret !== undefined && clientSecret !== this._clientSecret) {
      console.warn("elements.update(): clientSecret cannot be changed once the group is made.");
    }
    this.#options = { ...this.#options, ...changes };
    if (this._deferred) this.#checkDeferred(this.#options);
    for (const element of this.#elements) element._refresh();
    queueMicrotask(() => this._emit("update-end"));
  }

  async fetchUpdates() {
    const answers = await Promise.all(this.#elements.map((element) => element._reload()));
    const failed = answers.find((answer) => answer?.error);
    return failed ? { error: { message: failed.error.message, status: "requires_attention" } } : {};
  }

  async submit() {
    const result = await this._validate();
    this._submitted = !result.error;
    return result.error ? result : { selectedPaymentMethod: result.type };
  }

  // Asks every mounted element whether it is complete; the first that is not gives the error and the focus.
  async _validate() {
    let type = null;
    for (const element of this.#elements) {
      if (!element._mounted || element._absent) continue;
      const answer = await element._ask("validate");
      if (answer.error) return { error: answer.error };
      type = answer.type ?? type;
    }
    return { type };
  }

  // What the address and email elements of the group hold, as confirm parameters.
  async _collect() {
    const out = { billing_details: undefined, shipping: undefined };
    for (const element of this.#elements) {
      if (!element._mounted || element._absent) continue;
      if (element._type === "address" || element._type === "shippingAddress") {
        const { value } = await element._ask("value");
        const { phone, name, address } = value;
        const entry = { name, address: compact(address), ...(phone ? { phone } : {}) };
        if (element._type === "shippingAddress" || element._options.mode === "shipping") out.shipping = entry;
        else out.billing_details = merge(out.billing_details ?? {}, entry);
      } else if (element._type === "linkAuthentication" || element._type === "contactDetails") {
        const { value } = await element._ask("value");
        out.billing_details = merge(out.billing_details ?? {}, { email: value.email });
      }
    }
    return out;
  }

  // The element that holds the card: the payment element, or a card element for the older calls.
  _source() {
    for (const type of ["payment", "card", "cardNumber", "iban"]) {
      const element = this.getElement(type);
      if (element?._mounted) return element;
    }
    return null;
  }
}

function compact(value) {
  const entries = Object.entries(value ?? {}).filter(([, item]) => item !== "" && item !== null && item !== undefined);
  return Object.fromEntries(entries);
}
