// The shell: who is logged in, which view the address names, and when the session ends.

import * as api from "./api.js";
import * as costs from "./costs.js";
import { h, pause, tell } from "./dom.js";
import * as environment from "./environment.js";
import * as environments from "./environments.js";
import * as login from "./login.js";
import * as organizations from "./organizations.js";
import * as parts from "./parts.js";
import * as run from "./run.js";

const main = document.getElementById("main");
const dialog = document.getElementById("dialog");
const LONGEST = 60000;
let me = null;
let leaving = new AbortController();
let ending = 0;
let first = true;

/** What a view may do: put its elements on the page, and do things until it is left. */
class View {
  constructor(signal) { this.signal = signal; }

  place(...elements) { if (!this.signal.aborted) main.replaceChildren(...elements.filter(Boolean)); }

  /** Do something now; its end by leaving is no fault. */
  run(act) { Promise.resolve().then(act).catch((fault) => { if (!this.signal.aborted) refused(fault); }); }

  /** Do something again and again, ever more rarely while the API cannot be reached. */
  repeat(milliseconds, act) {
    this.run(async () => {
      for (let wait = milliseconds; ;) {
        await pause(wait, this.signal);
        if (document.hidden || dialog.open) continue;
        try {
          await act();
          wait = milliseconds;
        } catch (fault) {
          if (this.signal.aborted || fault.status === 401) throw fault;
          wait = Math.min(LONGEST, wait * 2);
        }
      }
    });
  }
}

/** The view of an address: `#/organization/environment/run`, or `#/organization/costs/month`. */
function route() {
  const [organization, key, third] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (!organization) return me.operator ? [organizations, {}, "Organizations"] : [environments, { organization: me.organization }, "Environments"];
  if (key === "costs") return [costs, { organization, month: third }, "Costs"];
  if (key && third) return [run, { organization, key, run: third }, `Run of ${key}`];
  if (key) return [environment, { organization, key }, key];
  return [environments, { organization }, "Environments"];
}

async function go() {
  if (location.hash === "#main") return main.focus();
  const focus = !first;
  first = false;
  leaving.abort();
  leaving = new AbortController();
  if (dialog.open) dialog.close();
  delete main.dataset.place;
  const view = new View(leaving.signal);
  if (!me) return enter(view, {});
  const [found, about, name] = route();
  frame(about.organization);
  document.title = `${name} · ${about.organization ?? me.organization} · Control`;
  const slow = setTimeout(() => view.place(parts.busy()), 150);
  try {
    await found.show(view, about);
    if (view.signal.aborted) return;
  } catch (fault) {
    if (view.signal.aborted) return;
    if (fault.status === 401) return refused(fault);
    view.place(parts.title(fault.status === 404 ? "Not found" : fault.status === 403 ? "Not allowed" : "That did not work"), parts.fault(fault, go));
  } finally {
    clearTimeout(slow);
  }
  main.dataset.place = location.hash;
  if (focus) main.querySelector("h1")?.focus();
}

function enter(view, { why }) {
  frame(null);
  document.title = "Log in · Control";
  login.show(view, { why }, (found) => { begin(found); go(); });
}

function begin(found) {
  me = found;
  clearTimeout(ending);
  const left = found.expires * 1000 - Date.now();
  // What a timer can count; a later end shows itself by the API's refusal.
  if (left < 2 ** 31) ending = setTimeout(() => end("Your session has ended: the token has expired."), left);
}

function end(why) {
  api.session.end();
  me = null;
  clearTimeout(ending);
  leaving.abort();
  leaving = new AbortController();
  if (dialog.open) dialog.close();
  enter(new View(leaving.signal), { why });
  if (why) tell(why);
}

function refused(fault) {
  if (fault.status === 401) end("Your session has ended. Log in again.");
  else main.prepend(parts.fault(fault));
}

/** The bar on top. */
function frame(organization) {
  const [nav, who] = [document.getElementById("nav"), document.getElementById("who")];
  nav.hidden = who.hidden = !me;
  if (!me) return;
  const shown = organization ?? me.organization;
  const places = organization
    ? [...(me.operator ? [["Organizations", "#/"]] : [["Environments", `#/${shown}`]]), ["Costs", `#/${shown}/costs`]]
    : [["Organizations", "#/"]];
  const here = location.hash.includes("/costs") ? "Costs" : me.operator && !organization ? "Organizations" : "Environments";
  nav.replaceChildren(...places.map(([name, where]) => h("a", { href: where, "aria-current": name === here ? "page" : null }, name)));
  who.replaceChildren(h("span", { class: "organization" }, shown), h("span", { class: "user" }, me.user),
    h("button", { type: "button", onclick: () => end() }, "Log out"));
}

addEventListener("hashchange", go);
if (api.session.token) {
  const slow = setTimeout(() => main.replaceChildren(parts.busy(parts.CHECKING)), 150);
  try {
    begin(await api.get("me", leaving.signal));
  } catch (fault) {
    if (fault.status === 401) api.session.end();
    else main.replaceChildren(parts.fault(fault, () => location.reload()));
  } finally {
    clearTimeout(slow);
  }
}
if (me || !api.session.token) await go();
