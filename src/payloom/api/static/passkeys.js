/**
 * Passkeys on Payloom's own pages: one element that makes a passkey, or uses one. No dependencies.
 *
 *   <payloom-passkey options="/api/auth/prove/passkey" answer="/api/auth/prove" next="/">…<button>…</button></payloom-passkey>
 *   <payloom-passkey add next="/second-factor">…<input name="name">…<button>…</button></payloom-passkey>
 */
const ADD = "/api/auth/second-factor/passkeys";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function post(path, data) {
  const response = await fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(data),
  });
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (body.error?.code === "proof_needed") location.assign(`/prove?next=${encodeURIComponent(location.pathname)}`);
  throw new Error(body.error?.message ?? "The server gave an answer that could not be read. Try again.");
}

const identified = (list) => (list ?? []).map((entry) => ({ ...entry, id: toBytes(entry.id) }));

/** Return the browser's answer in JSON: each buffer as base64url. */
function answerOf(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const value = credential.response[name];
    if (value) response[name] = toText(value);
  }
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
}

export async function makePasskey(name) {
  const options = await post(`${ADD}/options`, {});
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: identified(options.excludeCredentials),
  };
  return post(ADD, { credential: answerOf(await navigator.credentials.create({ publicKey })), name });
}

export async function usePasskey(optionsPath, answerPath) {
  const options = await post(optionsPath, {});
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: identified(options.allowCredentials),
  };
  return post(answerPath, { passkey: answerOf(await navigator.credentials.get({ publicKey })) });
}

class PasskeyElement extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => void this.run());
  }

  async run() {
    const problem = this.querySelector("[role=alert]");
    problem.hidden = true;
    try {
      if (this.hasAttribute("add")) this.show(await makePasskey(this.querySelector("input").value));
      else {
        await usePasskey(this.getAttribute("options"), this.getAttribute("answer"));
        location.assign(this.getAttribute("next"));
      }
    } catch (error) {
      problem.textContent = error.name === "NotAllowedError" ? "The browser ended it. Try again." : error.message;
      problem.hidden = false;
    }
  }

  show({ recovery_codes: codes }) {
    if (!codes.length) {
      location.assign(this.getAttribute("next"));
      return;
    }
    const list = this.querySelector("ul");
    list.replaceChildren(
      ...codes.map((code) => Object.assign(document.createElement("li"), { textContent: code })),
    );
    this.querySelector(".payloom-note").hidden = false;
  }
}

customElements.define("payloom-passkey", PasskeyElement);
