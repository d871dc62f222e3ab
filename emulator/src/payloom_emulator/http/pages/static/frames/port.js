// The frame's end of the wire to the page around it. Only the embedding window may connect, and only once per load;
// after that everything goes over the port it handed in.

let port = null;
const actions = new Map();

export const on = (action, handler) => actions.set(action, handler);

export function emit(event, payload) {
  port?.postMessage({ event, payload });
}

export function connected() {
  return new Promise((resolve) => {
    window.addEventListener("message", (event) => {
      if (port || event.source !== window.parent || event.data?.payloom !== "connect" || !event.ports[0]) return;
      [port] = event.ports;
      port.onmessage = async ({ data }) => {
        const handler = actions.get(data.action);
        const answer = handler ? await answerOf(handler, data.payload) : { error: { type: "api_error", message: `Unknown action ${data.action}.` } };
        if (data.id) port.postMessage({ reply: data.id, payload: answer });
      };
      resolve({ config: event.data.config, origin: event.origin });
    });
  });
}

async function answerOf(handler, payload) {
  try {
    return (await handler(payload)) ?? {};
  } catch (error) {
    return { error: { type: "api_error", message: error.message } };
  }
}

export function reportHeight(node, extra = 0) {
  const send = () => emit("resize", { height: Math.ceil(node.getBoundingClientRect().height) + extra });
  new ResizeObserver(send).observe(node);
  send();
}
