// The API, asked with the token of this browser tab. The token is in the tab's session storage and nowhere else.

import { pause } from "./dom.js";

const KEY = "token";
const BASE = new URL(".", location.href.split("#")[0]);
const PATIENCE = [500, 1500];

/** What the API has refused, and why; `status` is 0 when it could not be reached. */
export class Refusal extends Error {
  constructor(status, message, more = {}) {
    super(message);
    this.status = status;
    this.more = more;
  }
}

export const session = {
  get token() { return sessionStorage.getItem(KEY) ?? ""; },
  begin(token) { sessionStorage.setItem(KEY, token); },
  end() { sessionStorage.removeItem(KEY); },
};

export const get = (path, signal, query = {}) => {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return call("GET", asked.size ? `${path}?${asked}` : path, signal);
};
export const post = (path, body) => call("POST", path, null, body);

/** The path of an organization's things; each part is escaped. */
export const path = (...parts) => parts.map(encodeURIComponent).join("/");

async function call(method, where, signal, body) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once(method, where, signal, body);
    } catch (refusal) {
      const again = refusal instanceof Refusal && method === "GET" && [0, 429, 502, 503].includes(refusal.status);
      if (!again || attempt >= PATIENCE.length) throw refusal;
      await pause(PATIENCE[attempt], signal ?? new AbortController().signal);
    }
  }
}

async function once(method, where, signal, body) {
  const headers = { authorization: `Bearer ${session.token}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(new URL(where, BASE), { method, headers, signal, body: body && JSON.stringify(body), credentials: "omit" });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Refusal(0, "The API cannot be reached.");
  }
  const said = await response.json().catch(() => ({}));
  if (response.ok) return said;
  throw new Refusal(response.status, said.error ?? said.message ?? `The API answered ${response.status}.`, said);
}
