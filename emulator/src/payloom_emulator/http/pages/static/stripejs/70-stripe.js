// window.Stripe: the constructor and what it hands out.

// confirmIdealPayment and its kin: the word in the method's name, and the type of payment method.
const BY_TYPE = {
  SepaDebit: "sepa_debit", UsBankAccount: "us_bank_account", BacsDebit: "bacs_debit", AuBecsDebit: "au_becs_debit",
  AcssDebit: "acss_debit", Affirm: "affirm", AfterpayClearpay: "afterpay_clearpay", Alipay: "alipay", AmazonPay: "amazon_pay",
  Bancontact: "bancontact", Blik: "blik", Boleto: "boleto", Cashapp: "cashapp", Eps: "eps", Fpx: "fpx", Giropay: "giropay",
  GrabPay: "grabpay", Ideal: "ideal", Klarna: "klarna", Konbini: "konbini", Mobilepay: "mobilepay", Multibanco: "multibanco",
  Oxxo: "oxxo", P24: "p24", PayPal: "paypal", PayNow: "paynow", Pix: "pix", PromptPay: "promptpay", RevolutPay: "revolut_pay",
  Sofort: "sofort", Swish: "swish", Twint: "twint", WechatPay: "wechat_pay",
};

class StripeObject {
  constructor(key, options = {}) {
    this._apiKey = key;
    this._train = CONFIG.train;
    this._appInfo = [];
    this._wrappers = [];
    this._credentials = {
      key,
      account: options.stripeAccount,
      version: options.apiVersion ?? API_VERSIONS[CONFIG.train],
    };
    this._controller = new Controller(this._credentials);
    const intents = new Intents(this);
    const byType = (setup, type, caller) => (secret, data, given) => intents.confirmWith(secret, data, given, { setup, type, caller });
    this.confirmPayment = (given) => intents.confirm(given, { setup: false });
    this.confirmSetup = (given) => intents.confirm(given, { setup: true });
    this.confirmCardPayment = byType(false, "card", "confirmCardPayment");
    this.confirmCardSetup = byType(true, "card", "confirmCardSetup");
    for (const [name, type] of Object.entries(BY_TYPE)) {
      this[`confirm${name}Payment`] = byType(false, type, `confirm${name}Payment`);
      this[`confirm${name}Setup`] = byType(true, type, `confirm${name}Setup`);
    }
    this.handleCardPayment = this.confirmCardPayment;
    this.handleCardSetup = this.confirmCardSetup;
    this.retrievePaymentIntent = async (secret) => intents.retrieve(readSecret(secret, "stripe.retrievePaymentIntent()"));
    this.retrieveSetupIntent = async (secret) => intents.retrieve(readSecret(secret, "stripe.retrieveSetupIntent()"));
    this.handleNextAction = async ({ clientSecret } = {}) => intents.handleNextAction(clientSecret, "handleNextAction");
    this.handleCardAction = async (secret) => intents.handleNextAction(secret, "handleCardAction");
  }

  elements(options) {
    return new Elements(this, options);
  }

  createPaymentMethod(...given) {
    return createPaymentMethod(this, ...given);
  }

  createConfirmationToken(given) {
    return createConfirmationToken(this, given);
  }

  createToken(source, data) {
    return createToken(this, source, data);
  }

  redirectToCheckout(given) {
    return redirectToCheckout(this, given);
  }

  createEmbeddedCheckoutPage(given) {
    return createEmbeddedCheckoutPage(this, given);
  }

  initEmbeddedCheckout(given) {
    return createEmbeddedCheckoutPage(this, given);
  }

  initCheckoutElementsSdk(given) {
    return new CheckoutSdk(this, given);
  }

  initCheckoutFormSdk() {
    throw new IntegrationError("The local Stripe has no Checkout form element: use createEmbeddedCheckoutPage() or initCheckoutElementsSdk().");
  }

  initCheckout(given) {
    return initCheckout(this, given);
  }

  // Wallets are absent here, and the page learns it the way it would in a browser without any.
  paymentRequest(options) {
    requireThat(isObject(options) && isObject(options.total), "stripe.paymentRequest(): please pass country, currency and total.");
    const request = new Emitter();
    return Object.assign(request, { canMakePayment: async () => null, show() {}, abort() {}, isShowing: () => false, update() {} });
  }

  async createRadarSession() {
    return { radarSession: { id: `rse_${Math.random().toString(36).slice(2)}`, object: "radar.session" } };
  }

  registerAppInfo(info) {
    this._appInfo.push(info);
  }

  _registerWrapper(info) {
    this._wrappers.push(info);
  }
}

function Stripe(key, options) {
  requireThat(typeof key === "string" && key !== "", "Please call Stripe() with your publishable key. You used an empty string.");
  requireThat(!/^(sk|rk)_/.test(key), "You should not use your secret key with Stripe.js. Please pass a publishable key instead.");
  return new StripeObject(key, options ?? {});
}

Stripe.version = CONFIG.train === "v3" ? 3 : CONFIG.train;
Stripe.payloom = true;
if (!window.Stripe) window.Stripe = Stripe;
