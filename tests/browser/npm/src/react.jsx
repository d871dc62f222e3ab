// The same form through the unmodified @stripe/react-stripe-js, in StrictMode as new projects start.
import { Elements, EmbeddedCheckout, EmbeddedCheckoutProvider, PaymentElement, useElements, useStripe } from "@stripe/react-stripe-js";
import { BillingAddressElement, CheckoutElementsProvider, PaymentElement as CheckoutPaymentElement, useCheckoutElements } from "@stripe/react-stripe-js/checkout";
import { loadStripe } from "@stripe/stripe-js";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

const { SHOP } = window;
const stripePromise = loadStripe(SHOP.key);

async function api(kind, params) {
  const answer = await fetch(`/api/${kind}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(params) });
  return answer.json();
}

function Form() {
  const stripe = useStripe();
  const elements = useElements();
  const [message, setMessage] = useState("");
  const [ready, setReady] = useState(false);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    const { error, paymentIntent } = await stripe.confirmPayment({
      elements, confirmParams: { return_url: `${window.location.origin}/thanks` }, redirect: SHOP.redirect ?? "always",
    });
    setBusy(false);
    setMessage(error ? error.message : paymentIntent.status);
  };
  return (
    <form onSubmit={submit} data-ready={ready}>
      <PaymentElement onReady={() => setReady(true)} options={{ layout: "tabs" }} />
      <p><button id="pay" disabled={!stripe || busy}>Pay now</button></p>
      <p id="result" role="status">{message}</p>
    </form>
  );
}

function CheckoutForm() {
  const state = useCheckoutElements();
  const [message, setMessage] = useState("");
  if (state.type === "loading") return <p>Loading…</p>;
  if (state.type === "error") return <p id="result">{state.error.message}</p>;
  const { checkout } = state;
  const submit = async (event) => {
    event.preventDefault();
    const mail = await checkout.updateEmail("jenny@example.com");
    if (mail.type === "error") return setMessage(mail.error.message);
    const result = await checkout.confirm();
    if (result.type === "error") setMessage(result.error.message);
  };
  return (
    <form onSubmit={submit}>
      <ul>{checkout.lineItems.map((item) => <li key={item.id}>{item.name} × {item.quantity}: {item.total.amount}</li>)}</ul>
      <p id="total">{checkout.total.total.amount}</p>
      <BillingAddressElement />
      <CheckoutPaymentElement />
      <p><button id="pay">Pay {checkout.total.total.amount}</button></p>
      <p id="result" role="status">{message}</p>
    </form>
  );
}

const FLOWS = {
  async payment() {
    const { clientSecret } = await api("payment_intents", { amount: 2198, currency: "usd", automatic_payment_methods: { enabled: true } });
    return <Elements stripe={stripePromise} options={{ clientSecret }}><Form /></Elements>;
  },
  async embedded() {
    const fetchClientSecret = async () => (await api("sessions", JSON.parse(SHOP.params))).clientSecret;
    return <EmbeddedCheckoutProvider stripe={stripePromise} options={{ fetchClientSecret }}><EmbeddedCheckout /></EmbeddedCheckoutProvider>;
  },
  async checkout() {
    const { clientSecret } = await api("sessions", JSON.parse(SHOP.params));
    return <CheckoutElementsProvider stripe={stripePromise} options={{ clientSecret }}><CheckoutForm /></CheckoutElementsProvider>;
  },
};

const content = await FLOWS[SHOP.flow]();
createRoot(document.querySelector("#root")).render(<StrictMode>{content}</StrictMode>);
