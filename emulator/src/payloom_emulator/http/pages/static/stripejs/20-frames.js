// Frames of the local Stripe's origin inside the host page. Card data is typed there and sent from there; what comes
// back over the port is a token, an object of the API or an error, never a card number.

let frameCount = 0;

class Frame {
  #port = null;
  #connected;
  #connect;
  #pending = new Map();
  #calls = 0;
  #config;
  #onEvent;

  constructor({ path, title, config, onEvent, hidden = false }) {
    this.#config = config;
    this.#onEvent = onEvent ?? (() => {});
    this.name = `__privateStripeFrame${(frameCount += 1)}`;
    const frame = document.createElement("iframe");
    frame.name = this.name;
    frame.title = title;
    frame.src = `${ORIGIN}${path}`;
    frame.allow = "payment *";
    frame.setAttribute("frameborder", "0");
    frame.setAttribute("allowtransparency", "true");
    frame.setAttribute("scrolling", "no");
    const style = hidden
      ? { position: "absolute", width: "1px", height: "1px", border: "0", opacity: "0", pointerEvents: "none", top: "0", left: "-9999px" }
      : { border: "0", margin: "0", padding: "0", width: "100%", overflow: "hidden", display: "block", userSelect: "none", colorScheme: "light" };
    Object.assign(frame.style, style);
    if (hidden) {
      frame.setAttribute("aria-hidden", "true");
      frame.tabIndex = -1;
    }
    // A frame that is moved in the document loads again, so a connection is made at each load.
    frame.addEventListener("load", () => this.#open());
    this.node = frame;
    this.#await();
  }

  #await() {
    this.#connected = new Promise((resolve) => {
      this.#connect = resolve;
    });
  }

  #open() {
    if (!this.node.contentWindow) return;
    if (this.#port) {
      this.#port.close();
      this.#await();
    }
    const channel = new MessageChannel();
    this.#port = channel.port1;
    channel.port1.onmessage = ({ data }) => this.#receive(data);
    this.node.contentWindow.postMessage({ payloom: "connect", config: plain(this.#config()) }, ORIGIN, [channel.port2]);
  }

  #receive(message) {
    if (message.event === "connected") {
      this.#connect();
    } else if (message.event === "resize") {
      this.node.style.height = `${message.payload.height}px`;
    } else if (message.event) {
      this.#onEvent(message.event, message.payload);
    } else if (this.#pending.has(message.reply)) {
      this.#pending.get(message.reply)(message.payload);
      this.#pending.delete(message.reply);
    }
  }

  tell(action, payload) {
    return this.#connected.then(() => this.#port?.postMessage({ action, payload: plain(payload) }));
  }

  async ask(action, payload) {
    await this.#connected;
    const id = (this.#calls += 1);
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.#port.postMessage({ action, id, payload: plain(payload) });
    });
  }

  remove() {
    this.node.remove();
    this.#port?.close();
    for (const resolve of this.#pending.values()) {
      resolve({ error: { type: "api_connection_error", message: "The element was removed before it answered." } });
    }
    this.#pending.clear();
    this.#port = null;
    this.#await();
  }
}

// One hidden frame per Stripe object makes the calls that need no card data, so that the host page needs no CORS and
// no `connect-src` for the local Stripe.
class Controller {
  #frame = null;

  constructor(credentials) {
    this.credentials = credentials;
  }

  #ready() {
    if (!this.#frame) {
      this.#frame = new Frame({
        path: "/_emulator/elements/controller",
        title: "Secure controller frame",
        config: () => ({ credentials: this.credentials }),
        hidden: true,
      });
      const attach = () => document.body.append(this.#frame.node);
      if (document.body) attach();
      else document.addEventListener("DOMContentLoaded", attach, { once: true });
    }
    return this.#frame;
  }

  request(method, path, params) {
    return this.#ready().ask("request", { method, path, params });
  }
}

// The 3-D Secure challenge above the page. Resolves when the person has completed, failed or closed it.
function challenge(url) {
  return new Promise((resolve) => {
    // A modal dialog: the page behind it cannot be reached with mouse or keyboard until the challenge is over.
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", "3-D Secure");
    dialog.className = "__PayloomChallenge";
    Object.assign(dialog.style, {
      position: "fixed", inset: "0", width: "100%", height: "100%", maxWidth: "none", maxHeight: "none", margin: "0", border: "0",
      boxSizing: "border-box", display: "flex", alignItems: "center", justifyContent: "center", padding: "16px",
      background: "rgba(17, 18, 28, 0.55)",
    });
    const frame = document.createElement("iframe");
    frame.name = `__privateStripeFrame${(frameCount += 1)}`;
    frame.title = "3-D Secure challenge";
    frame.src = url;
    Object.assign(frame.style, {
      border: "0", width: "100%", maxWidth: "440px", height: "420px", maxHeight: "100%", borderRadius: "6px",
      boxShadow: "0 24px 64px rgba(0, 0, 0, 0.35)", background: "#fff",
    });
    const finish = (outcome) => {
      window.removeEventListener("message", listen);
      dialog.close(); // gives the focus back to where it was
      dialog.remove();
      resolve(outcome);
    };
    const listen = (event) => {
      if (event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
      if (event.data?.payloom === "challenge") finish(event.data.outcome);
      if (event.data?.payloom === "resize") frame.style.height = `${Math.min(event.data.height, 640)}px`;
    };
    window.addEventListener("message", listen);
    frame.addEventListener("load", () => frame.focus());
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.append(frame);
    document.body.append(dialog);
    dialog.showModal();
  });
}
