// All organizations, for the platform's operators.

import * as api from "./api.js";
import { h } from "./dom.js";
import * as parts from "./parts.js";

export async function show(view) {
  let { organizations, next } = await api.get("organizations", view.signal);
  const body = h("div", {});
  const more = h("button", { type: "button", onclick: async () => {
    const page = await api.get("organizations", view.signal, { next });
    organizations = [...organizations, ...page.organizations];
    next = page.next;
    draw();
  } }, "Show more");

  function draw() {
    more.hidden = !next;
    const rows = organizations.map((each) => [
      h("span", { class: "strong" }, each.name), each.display_name, each.contact ?? "", parts.badge(each.status),
      h("a", { href: `#/${each.name}/costs` }, "Costs", h("span", { class: "unseen" }, ` of ${each.name}`)),
    ]);
    body.replaceChildren(rows.length
      ? parts.table("Organizations", ["Name", "Shown as", "Contact", "Status", ""], rows, { class: "rows" })
      : parts.empty("No organizations yet", "An organization is requested through the API and accepted by its file."));
  }

  view.place(h("div", { class: "head" }, parts.title("Organizations")), h("section", { class: "panel", "aria-label": "Organizations" }, body), more);
  draw();
}
