// Logging in is pasting a token; it stays in this tab and ends with it.

import * as api from "./api.js";
import { h } from "./dom.js";
import * as parts from "./parts.js";

export function show(view, { why }, begun) {
  const wrong = h("p", { class: "wrong", id: "wrong", role: "alert" }, why ?? "");
  const token = h("input", { id: "token", type: "password", name: "token", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "wrong hint" });
  // There from the beginning, and never hidden: what appears in it is read aloud.
  const checking = h("p", { class: "checking quiet small", role: "status", "aria-live": "polite" });
  const go = h("button", { type: "submit", class: "primary" }, "Log in");
  const form = h("form", { class: "login panel", onsubmit: async (event) => {
    event.preventDefault();
    go.disabled = true;
    wrong.textContent = "";
    token.removeAttribute("aria-invalid");
    checking.textContent = parts.CHECKING;
    api.session.begin(token.value.trim());
    try {
      begun(await api.get("me", view.signal));
    } catch (refusal) {
      api.session.end();
      wrong.textContent = refusal.status === 401 ? `${refusal.message[0].toUpperCase()}${refusal.message.slice(1)}.` : refusal.message;
      token.setAttribute("aria-invalid", "true");
      token.select();
    } finally {
      go.disabled = false;
      checking.textContent = "";
    }
  } },
  parts.title("Log in"),
  h("label", { for: "token" }, "Token"), token, wrong, go, checking,
  h("p", { class: "quiet small", id: "hint" }, "An administrator of your organization, or the platform's operators, give you one. It stays in this tab only."));
  view.place(form);
  token.focus();
}
