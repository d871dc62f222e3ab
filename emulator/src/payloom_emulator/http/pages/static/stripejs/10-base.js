// Shared by every part below: where the local Stripe is, how misuse is reported, a small event emitter.

const SCRIPT = document.currentScript;
const ORIGIN = SCRIPT ? new URL(SCRIPT.src).origin : CONFIG.origin;
const API_VERSIONS = {
  basil: "2025-03-31.basil",
  clover: "2025-09-30.clover",
  dahlia: "2026-03-25.dahlia",
  endive: "2026-10-28.endive",
};

class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}

function requireThat(condition, message) {
  if (!condition) throw new IntegrationError(message);
}

class Emitter {
  #handlers = new Map();

  on(name, handler) {
    requireThat(typeof handler === "function", `The second argument to on("${name}") should be a function.`);
    this.#handlers.set(name, [...(this.#handlers.get(name) ?? []), { handler }]);
    return this;
  }

  once(name, handler) {
    const wrapped = (...args) => {
      this.off(name, handler);
      handler(...args);
    };
    this.#handlers.set(name, [...(this.#handlers.get(name) ?? []), { handler, wrapped }]);
    return this;
  }

  off(name, handler) {
    const rest = handler ? (this.#handlers.get(name) ?? []).filter((entry) => entry.handler !== handler) : [];
    this.#handlers.set(name, rest);
    return this;
  }

  _hears(name) {
    return (this.#handlers.get(name) ?? []).length > 0;
  }

  _emit(name, payload) {
    for (const entry of this.#handlers.get(name) ?? []) (entry.wrapped ?? entry.handler)(payload);
  }

  _forget() {
    this.#handlers.clear();
  }
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function merge(base, extra) {
  const out = { ...base };
  for (const [key, value] of Object.entries(extra ?? {})) {
    if (value === undefined) continue;
    out[key] = isObject(value) && isObject(out[key]) ? merge(out[key], value) : value;
  }
  return out;
}

// Options may hold functions and DOM nodes; a message may not.
const plain = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

const SECRET = /^((pi|seti)_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/;
const SESSION_SECRET = /^(cs_(?:test|live)_[A-Za-z0-9]+)(?:_secret_.+)?$/;

function readSecret(secret, caller) {
  const match = typeof secret === "string" ? SECRET.exec(secret) : null;
  requireThat(
    match,
    `Invalid value for ${caller}: the client secret should have the form \${id}_secret_\${secret}. You specified: ${secret}.`,
  );
  const setup = match[2] === "seti";
  return {
    secret,
    id: match[1],
    setup,
    name: setup ? "setupIntent" : "paymentIntent",
    field: setup ? "setup_intent" : "payment_intent",
    path: `/v1/${setup ? "setup_intents" : "payment_intents"}/${match[1]}`,
  };
}
