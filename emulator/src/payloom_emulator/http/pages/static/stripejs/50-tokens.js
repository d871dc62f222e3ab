// Payment methods, tokens and confirmation tokens: made in the frame that holds the card.

async function createPaymentMethod(stripe, first, second, third) {
  // Three spellings: ({elements, params}), ({element, params}) and ({type, card, billing_details}); the oldest is (type, element, data).
  let data = first;
  if (typeof first === "string") data = { type: first, [first]: second, ...(third ?? {}) };
  requireThat(isObject(data), "stripe.createPaymentMethod(): expected an object.");
  if (data.elements) {
    const elements = data.elements;
    requireThat(elements._submitted, "elements.submit() must be called before stripe.createPaymentMethod().");
    const valid = await elements._validate();
    if (valid.error) return { error: valid.error };
    const collected = await elements._collect();
    return named("paymentMethod", await sourceOf(elements)._ask("create", {
      path: "/v1/payment_methods", about: data.params, billing: collected.billing_details, flat: true,
    }));
  }
  if (data.element) {
    return named("paymentMethod", await data.element._ask("create", { path: "/v1/payment_methods", about: data.params, flat: true }));
  }
  requireThat(typeof data.type === "string", "stripe.createPaymentMethod(): type should be a string, such as card.");
  const { type, [data.type]: details, ...about } = data;
  if (details instanceof StripeElement) {
    return named("paymentMethod", await details._ask("create", { path: "/v1/payment_methods", about, flat: true }));
  }
  return named("paymentMethod", await stripe._controller.request("POST", "/v1/payment_methods", { type, ...about, [type]: details }));
}

async function createConfirmationToken(stripe, { elements, element, params = {} } = {}) {
  const group = elements;
  requireThat(group instanceof Elements || element instanceof StripeElement, "stripe.createConfirmationToken(): please pass elements.");
  let billing;
  let shipping = params.shipping;
  if (group) {
    requireThat(group._submitted, "elements.submit() must be called before stripe.createConfirmationToken().");
    const valid = await group._validate();
    if (valid.error) return { error: valid.error };
    const collected = await group._collect();
    billing = collected.billing_details;
    shipping ??= collected.shipping;
  }
  const source = element ?? sourceOf(group);
  const { payment_method_data: about, ...rest } = params;
  const usage = group?._describe().setupFutureUsage;
  return named("confirmationToken", await source._ask("create", {
    path: "/v1/confirmation_tokens",
    params: { setup_future_usage: usage, ...rest, shipping },
    about, billing,
  }));
}

async function createToken(stripe, source, data = {}) {
  if (source instanceof StripeElement) {
    if (source._type === "iban") {
      return { error: { type: "invalid_request_error", message: "IBAN tokens are not supported: use createPaymentMethod with sepa_debit." } };
    }
    return named("token", await source._ask("token", { data }));
  }
  requireThat(typeof source === "string", "stripe.createToken(): expected an Element or the kind of token.");
  if (source === "cvc_update") return named("token", await data._ask("token", { cvcOnly: true }));
  return named("token", await stripe._controller.request("POST", "/v1/tokens", { [source]: data }));
}

function sourceOf(elements) {
  const source = elements._source();
  requireThat(source, "Please mount a Payment Element or a Card Element first.");
  return source;
}

const named = (name, { body, error }) => (error ? { error } : { [name]: body });
