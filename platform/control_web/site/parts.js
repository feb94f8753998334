// What several views are made of.

import { h } from "./dom.js";
import * as format from "./format.js";

const GLYPHS = { succeeded: "✓", failed: "✕", stopped: "■", running: "●", starting: "○", active: "✓", requested: "○", accepted: "○", suspended: "■" };
export const LIVE = ["starting", "running"];

/** A status: glyph, word and colour, so that none of them is needed. */
export const badge = (status) =>
  h("span", { class: `badge ${status}` }, h("span", { "aria-hidden": "true", class: "glyph" }, GLYPHS[status] ?? "·"), status);

/** A table. `columns` are headings; rows are lists of cells. On a phone each row is a card with the headings inside. */
export function table(caption, columns, rows, about = {}) {
  const heads = columns.map((name) => h("th", { role: "columnheader", scope: "col" }, name || h("span", { class: "unseen" }, "Actions")));
  const body = rows.map((cells) => h("tr", { role: "row" }, cells.map((cell, index) => {
    const said = { role: index ? "cell" : "rowheader", scope: index ? null : "row", "data-label": columns[index] };
    return h(index ? "td" : "th", said, cell);
  })));
  return h("table", { role: "table", ...about },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)),
    h("tbody", { role: "rowgroup" }, body));
}

/** A list of facts; those without a value are left out. */
export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== "" && value !== undefined)
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

export const moment = (iso) => (iso ? h("time", { datetime: iso, title: format.clock(iso) }, format.ago(new Date(iso))) : "");
export const commit = (full) => h("code", { title: full }, full.slice(0, 8));
export const chips = (names) => (names.length ? h("ul", { class: "chips" }, names.map((name) => h("li", {}, name))) : h("span", { class: "quiet" }, "none"));
/** Schedules of an environment; they fire only while the service of that name is on. */
export function schedules({ schedules: named, services }) {
  if (!named.length) return h("span", { class: "quiet" }, "none");
  const off = services.includes("schedules") ? "" : h("li", { class: "quiet" }, "off");
  return h("ul", { class: "plain" }, off, named.map((each) => {
    const [name, cron] = each.split(": ");
    return h("li", {}, name, " ", h("code", { class: "whole" }, cron));
  }));
}
export const crumbs = (links) => h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("ol", {}, links.map(([name, where]) => h("li", {}, h("a", { href: where }, name)))));
export const title = (...words) => h("h1", { tabindex: "-1" }, ...words);
export const empty = (head, ...text) => h("div", { class: "empty" }, h("p", { class: "head" }, head), h("p", {}, ...text));
export const CHECKING = "Checking the token…";
export const busy = (text = "Loading…") => h("p", { class: "busy", role: "status" }, text);

export function ref(full) {
  const { kind, name } = format.ref(full);
  return h("span", { class: "ref" }, h("span", { class: "kind" }, kind), " ", h("span", { class: "mono" }, name));
}

/** What went wrong, and a way to try again. */
export function fault(refusal, again) {
  const lines = refusal.more?.faults?.length > 1 ? h("ul", {}, refusal.more.faults.map((each) => h("li", {}, each))) : null;
  return h("div", { class: "fault", role: "alert" }, h("p", {}, refusal.message), lines,
    again && h("button", { type: "button", onclick: again }, "Try again"));
}

/** Ask before doing. `act(fields)` does it; its refusal is shown in the dialog, which then stays. */
export function ask({ head, text, fields = [], button, danger = false, act }) {
  const dialog = document.getElementById("dialog");
  const wrong = h("div", {});
  const go = h("button", { type: "submit", class: danger ? "danger" : "primary" }, button);
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      await act(Object.fromEntries(new FormData(form)));
      dialog.close();
    } catch (refusal) {
      wrong.replaceChildren(fault(refusal));
      go.disabled = false;
      go.focus();
    }
  } },
  h("h2", { id: "dialog-title" }, head), text.map((line) => h("p", {}, line)), fields, wrong,
  h("div", { class: "actions" }, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), go));
  dialog.replaceChildren(form);
  dialog.showModal();
}
