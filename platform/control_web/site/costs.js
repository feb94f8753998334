// What a month has cost, by project and environment.

import * as api from "./api.js";
import { h } from "./dom.js";
import * as format from "./format.js";
import * as parts from "./parts.js";

export async function show(view, { organization, month }) {
  const now = new Date().toISOString().slice(0, 7);
  const asked = month ?? now;
  const costs = await api.get(api.path("organizations", organization, "costs"), view.signal, { month: asked });
  const goto = (other) => { location.hash = `#/${organization}/costs/${other}`; };
  const chosen = h("input", { type: "month", id: "month", value: asked, max: now, required: true, onchange: () => {
    if (chosen.checkValidity()) goto(chosen.value);
  } });
  const step = (by, name) => h("button", { type: "button", disabled: moved(asked, by) > now, "aria-label": name, onclick: () => goto(moved(asked, by)) }, by < 0 ? "‹" : "›");
  view.place(
    h("div", { class: "head" }, parts.title("Costs"),
      h("div", { class: "actions" }, step(-1, "Month before"), h("label", { class: "unseen", for: "month" }, "Month"), chosen, step(1, "Month after"))),
    h("p", { class: "total" }, h("span", { class: "amount" }, format.money(costs.total, costs.currency)), h("span", { class: "quiet" }, asked === now ? " this month so far" : ` in ${asked}`)),
    costs.rows.length ? grouped(costs) : parts.empty("Nothing was charged", `There is no cost of ${asked} that you may see. A month is shown once its costs have been published.`));
}

function grouped({ rows, currency, total }) {
  const projects = [...new Set(rows.map((row) => row.project))].sort((one, other) => (one === "") - (other === "") || one.localeCompare(other));
  return h("div", {}, projects.map((project) => {
    const own = rows.filter((row) => row.project === project);
    const id = `cost-${project || "shared"}`;
    const lines = own.sort((one, other) => other.amount - one.amount).map((row) => [
      h("span", { class: "strong" }, row.environment || "—"), row.service,
      row.quantity ? h("span", { class: "quiet" }, `${row.quantity} ${row.unit ?? ""}`) : "",
      bar(row.amount / total), h("span", { class: "number" }, format.money(row.amount, currency)),
    ]);
    return h("section", { class: "panel", "aria-labelledby": id },
      h("div", { class: "bar" }, h("h2", { id }, project || "The organization's own"), h("span", { class: "number strong" }, format.money(sum(own), currency))),
      parts.table(`Costs of ${project || "the organization"}`, ["Environment", "Service", "Quantity", "Share", "Amount"], lines, { class: "rows costs" }));
  }));
}

const sum = (rows) => rows.reduce((before, row) => before + Number(row.amount), 0);

function bar(share) {
  const percent = Math.round(100 * (Number.isFinite(share) ? share : 0));
  const fill = h("span", { class: "fill" });
  fill.style.width = `${Math.max(1, percent)}%`;
  return h("span", { class: "share" }, h("span", { class: "track", "aria-hidden": "true" }, fill), h("span", { class: "quiet small" }, percent || !share ? `${percent} %` : "< 1 %"));
}

function moved(month, by) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}
