// One environment: what it is, and its runs.

import * as api from "./api.js";
import { h, tell } from "./dom.js";
import * as format from "./format.js";
import * as parts from "./parts.js";
import { start, stop } from "./starting.js";

const AGAIN = 4000;
const COLUMNS = ["Started", "Status", "Reason", "Jobs", "Took", "Rows", ""];

export async function show(view, { organization, key }) {
  const base = api.path("organizations", organization, "environments", key);
  const [environment, first] = await Promise.all([api.get(base, view.signal), api.get(`${base}/runs`, view.signal)]);
  let { runs, next } = first;
  const list = h("div", {});
  const may = environment.may.includes("run");
  const older = h("button", { type: "button", onclick: async () => {
    const page = await api.get(`${base}/runs`, view.signal, { next });
    runs = [...runs, ...page.runs];
    next = page.next;
    draw();
  } }, "Older runs");

  async function refresh() {
    const fresh = (await api.get(`${base}/runs`, view.signal)).runs;
    for (const run of fresh) {
      const before = runs.find((each) => each.run === run.run);
      if (before?.status !== run.status) tell(`Run of ${key}: ${run.status}`);
    }
    const seen = new Set(fresh.map((each) => each.run));
    const changed = JSON.stringify(runs.slice(0, fresh.length)) !== JSON.stringify(fresh);
    runs = [...fresh, ...runs.filter((each) => !seen.has(each.run))];
    if (changed) draw();
  }

  function draw() {
    older.hidden = !next;
    const rows = runs.map((run) => row(run));
    list.replaceChildren(rows.length
      ? parts.table(`Runs of ${key}`, COLUMNS, rows, { class: "rows" })
      : parts.empty("No runs yet", may ? "Start the first one above, or wait for a schedule." : "They appear here when somebody starts one, or a schedule does."));
  }

  function row(run) {
    const live = parts.LIVE.includes(run.status);
    const when = run.started ? format.short(run.started) : run.run;
    const moved = Object.values(run.rows ?? {}).reduce((sum, each) => sum + each, 0);
    return [
      h("a", { href: `#/${organization}/${key}/${run.run}`, class: "strong" }, when),
      parts.badge(run.status),
      h("span", {}, run.reason ?? "", run.by ? h("span", { class: "quiet" }, ` by ${run.by}`) : ""),
      h("span", { class: "mono small clip" }, (run.jobs ?? []).join(", ")),
      run.started ? format.lasted(run.started, run.ended) : "",
      run.rows ? format.whole(moved) : "",
      live && may ? h("button", { type: "button", "aria-label": `Stop the run started ${when}`, onclick: () => stop(organization, key, run.run, refresh) }, "Stop") : "",
    ];
  }

  view.place(
    parts.crumbs([["Environments", `#/${organization}`]]),
    h("div", { class: "head" }, parts.title(environment.project, h("span", { class: "slash" }, "/"), environment.name),
      may && h("button", { type: "button", class: "primary", onclick: () => start(organization, environment) }, "Start run")),
    about(environment),
    h("section", { class: "panel", "aria-labelledby": "runs" }, h("div", { class: "bar" }, h("h2", { id: "runs" }, "Runs")), list, older));
  draw();
  view.repeat(AGAIN, refresh);
}

const about = (environment) => parts.facts([
  ["Ref", parts.ref(environment.ref)],
  ["Commit", parts.commit(environment.commit)],
  ["Services", parts.chips(environment.services)],
  ["Schedules", parts.schedules(environment)],
  ["Expires", environment.expires ? h("time", { datetime: new Date(environment.expires * 1000).toISOString() }, format.ago(environment.expires * 1000)) : "never"],
  ["You may", environment.may.at(-1)],
  ["Phase", environment.phase === "active" ? null : environment.phase],
]);
