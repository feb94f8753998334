// One run: how it stands, what it moved, and its log as it is written.

import * as api from "./api.js";
import { h, pause, tell } from "./dom.js";
import * as format from "./format.js";
import * as parts from "./parts.js";
import { stop } from "./starting.js";

const [SOON, LATE] = [1000, 10000];
const MOST = 5000;
const BAD = /\b(error|critical|fatal|exception|traceback)\b/i;

export async function show(view, { organization, key, run: name }) {
  const base = api.path("organizations", organization, "environments", key);
  const where = `${base}/runs/${encodeURIComponent(name)}`;
  const [environment, first] = await Promise.all([api.get(base, view.signal), api.get(where, view.signal)]);
  let run = first;
  const state = h("div", {});
  const buttons = h("div", { class: "actions" });
  const log = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": "Log", tabindex: "0" });
  const foot = h("p", { class: "quiet small inset", id: "log-state" });
  const follow = h("input", { type: "checkbox", id: "follow", checked: true });

  function draw() {
    const live = parts.LIVE.includes(run.status);
    state.replaceChildren(about(run));
    const may = live && environment.may.includes("run");
    buttons.replaceChildren(...(may ? [h("button", { type: "button", class: "danger", onclick: () => stop(organization, key, name, refresh) }, "Stop run")] : []));
  }

  async function refresh() {
    const fresh = await api.get(where, view.signal);
    if (fresh.status !== run.status) tell(`The run has ${fresh.status === "running" ? "begun" : fresh.status}`);
    const changed = JSON.stringify(fresh) !== JSON.stringify(run);
    run = fresh;
    if (changed || parts.LIVE.includes(run.status)) draw();
  }

  view.place(
    parts.crumbs([["Environments", `#/${organization}`], [key, `#/${organization}/${key}`]]),
    h("div", { class: "head" }, parts.title("Run ", h("span", { class: "quiet" }, run.started ? format.short(run.started) : name)), buttons),
    state,
    h("section", { class: "panel", "aria-labelledby": "log" },
      h("div", { class: "bar" }, h("h2", { id: "log" }, "Log"), h("label", { class: "check", for: "follow" }, follow, "Follow")),
      log, foot));
  draw();
  view.repeat(3000, async () => { if (parts.LIVE.includes(run.status)) await refresh(); });
  view.run(() => read(view, where, log, foot, follow));
}

/** Read on until the log is complete: soon after there was something, ever later while there is nothing. */
async function read(view, where, log, foot, follow) {
  let next = "";
  let wait = SOON;
  for (;;) {
    const page = await api.get(`${where}/logs`, view.signal, { next });
    next = page.next ?? next;
    append(log, page.lines);
    if (page.lines.length && follow.checked) log.scrollTop = log.scrollHeight;
    if (page.done) {
      foot.textContent = log.childElementCount ? "The log is complete." : "The run has written nothing.";
      return;
    }
    foot.textContent = "Waiting for more…";
    wait = page.lines.length ? SOON : Math.min(LATE, wait * 1.5);
    if (!page.lines.length) await pause(wait, view.signal);
  }
}

function append(log, lines) {
  log.append(...lines.map(({ at, message }) => h("div", { class: BAD.test(message) ? "line bad" : "line" },
    h("time", { datetime: at, title: format.clock(at) }, format.time(at)), h("span", {}, message.trimEnd()))));
  while (log.childElementCount > MOST) log.firstElementChild.remove();
}

function about(run) {
  const rows = Object.entries(run.rows ?? {});
  return parts.facts([
    ["Status", parts.badge(run.status)],
    ["Why", run.message],
    ["Started", parts.moment(run.started)],
    ["Took", run.started ? format.lasted(run.started, run.ended) : ""],
    ["Reason", run.reason],
    ["By", run.by],
    ["Jobs", run.jobs?.length ? h("span", { class: "mono small" }, run.jobs.join(", ")) : ""],
    ["Commit", run.commit ? parts.commit(run.commit) : ""],
    ["Exit code", run.exit_code === undefined ? "" : String(run.exit_code)],
    ["Rows", rows.length ? rows.map(([stream, count]) => h("span", { class: "pair" }, h("span", { class: "quiet" }, stream), ` ${format.whole(count)}`)) : ""],
  ]);
}
