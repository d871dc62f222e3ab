// The local Stripe's HTTP interface, called with a publishable key from pages and frames of its own origin.

export function encode(params, prefix = "", out = []) {
  for (const [key, value] of Object.entries(params ?? {})) {
    if (value === undefined || value === null) continue;
    const name = prefix ? `${prefix}[${key}]` : key;
    if (Array.isArray(value)) {
      value.forEach((item, index) => encode({ [index]: item }, name, out));
    } else if (typeof value === "object") {
      encode(value, name, out);
    } else {
      out.push(`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
    }
  }
  return out;
}

// Resolves to {ok: true, body} or {ok: false, error} with an error shaped as Stripe.js gives it; never rejects.
export async function request(method, path, params, { key, version, account, plain } = {}) {
  const query = encode(params).join("&");
  const headers = {};
  if (key) headers.Authorization = `Bearer ${key}`;
  if (version) headers["Stripe-Version"] = version;
  if (account) headers["Stripe-Account"] = account;
  const options = { method, headers, credentials: "omit" };
  let url = path;
  if (method === "GET" || method === "DELETE") {
    if (query) url += `?${query}`;
  } else {
    headers["Content-Type"] = "application/x-www-form-urlencoded";
    options.body = query;
  }
  try {
    const response = await fetch(url, options);
    const text = await response.text();
    if (response.ok) return { ok: true, body: plain ? text : JSON.parse(text) };
    return { ok: false, status: response.status, error: readError(text, response.status) };
  } catch {
    return {
      ok: false,
      status: 0,
      error: { type: "api_connection_error", message: "The local Stripe cannot be reached. Is it still running?" },
    };
  }
}

function readError(text, status) {
  try {
    const { error } = JSON.parse(text);
    if (error && typeof error === "object") return error;
  } catch {
    // fall through: not the API's own answer
  }
  return { type: "api_error", message: `The local Stripe answered with status ${status}.` };
}
