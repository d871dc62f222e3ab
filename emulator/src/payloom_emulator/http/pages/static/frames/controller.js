// The hidden frame: calls the HTTP interface for the page around it. It holds no card data.

import { request } from "../lib/api.js";
import { connected, emit, on } from "./port.js";

const { config } = await connected();
on("request", ({ method, path, params }) => {
  if (!/^\/(v1|_emulator\/checkout)\/[\w/-]+$/.test(path)) throw new Error(`Not a path of the local Stripe: ${path}`);
  return request(method, path, params, config.credentials);
});
emit("connected");
