// An organization's activated environments, by hosted project, each with its last run.

import * as api from "./api.js";
import { h } from "./dom.js";
import * as parts from "./parts.js";
import { start } from "./starting.js";

const AGAIN = 10000;

export async function show(view, { organization }) {
  const [{ projects }, first] = await Promise.all([
    api.get(api.path("organizations", organization, "projects"), view.signal),
    page(organization, view.signal),
  ]);
  let environments = first.environments;
  let next = first.next;
  const body = h("div", {});
  const count = h("p", { class: "lead" });
  const more = h("button", { type: "button", hidden: !next, onclick: async () => {
    const found = await page(organization, view.signal, next);
    environments = [...environments, ...found.environments];
    next = found.next;
    draw();
  } }, "Show more");

  function draw() {
    more.hidden = !next;
    count.replaceChildren(...counted(environments));
    const names = [...new Set([...projects.map((each) => each.name), ...environments.map((each) => each.project)])].sort();
    body.replaceChildren(...names.map((name) => {
      const own = environments.filter((each) => each.project === name);
      return project(organization, name, projects.find((each) => each.name === name), own);
    }));
    if (!names.length) {
      body.replaceChildren(parts.empty("No environments yet",
        "They come by themselves: push a branch or tag that a rule of a hosted project matches, and it appears here."));
    }
  }

  view.place(h("div", { class: "head" }, parts.title("Environments"), count), body, more);
  draw();
  view.repeat(AGAIN, async () => {
    if (document.activeElement?.closest("table")) return;
    const fresh = await page(organization, view.signal);
    environments = [...fresh.environments, ...environments.slice(fresh.environments.length)];
    draw();
  });
}

const page = (organization, signal, next) =>
  api.get(api.path("organizations", organization, "environments"), signal, { next });

function counted(environments) {
  const of = (status) => environments.filter((each) => status.includes(each.last_run?.status)).length;
  const [live, failed] = [of(parts.LIVE), of(["failed"])];
  return [`${environments.length} active`, live ? h("span", {}, ` · ${live} running`) : "",
    failed ? h("span", { class: "bad" }, ` · ${failed} failed last time`) : ""];
}

function project(organization, name, about, environments) {
  const id = `project-${name}`;
  const rows = environments.map((each) => row(organization, each));
  return h("section", { "aria-labelledby": id, class: "panel" },
    h("div", { class: "bar" }, h("h2", { id }, name), about && h("span", { class: "quiet mono clip" }, about.repository)),
    rows.length
      ? parts.table(`Environments of ${name}`, ["Environment", "Ref", "Commit", "Services", "Schedules", "Last run", ""], rows, { class: "rows several" })
      : h("p", { class: "quiet inset" }, "No ref of this project has an environment now."));
}

function row(organization, each) {
  const where = `#/${organization}/${each.key}`;
  const last = each.last_run;
  const label = `Start a run of ${each.key}`;
  return [
    h("a", { href: where, class: "strong" }, each.name),
    parts.ref(each.ref),
    parts.commit(each.commit),
    parts.chips(each.services),
    parts.schedules(each),
    last ? h("a", { href: `${where}/${last.run}`, class: "last" }, parts.badge(last.status), " ", parts.moment(last.started)) : h("span", { class: "quiet" }, "never ran"),
    each.may.includes("run") ? h("button", { type: "button", "aria-label": label, onclick: () => start(organization, each) }, "Start") : "",
  ];
}
