// Starting and stopping runs, after asking.

import * as api from "./api.js";
import { h, tell } from "./dom.js";
import * as parts from "./parts.js";

/** Ask, then start a run of an environment and go there. */
export function start(organization, environment) {
  const usual = environment.jobs.join("\n");
  parts.ask({
    head: `Start a run of ${environment.key}?`,
    text: [`It runs at commit ${environment.commit.slice(0, 8)} with the environment's own credentials.`],
    fields: [
      h("label", { for: "jobs" }, "Jobs, one a line"),
      h("textarea", { id: "jobs", name: "jobs", rows: "3", spellcheck: "false", placeholder: usual, "aria-describedby": "jobs-about", class: "mono" }),
      h("p", { id: "jobs-about", class: "quiet small" }, "Left empty: what the environment usually runs."),
    ],
    button: "Start run",
    act: async ({ jobs }) => {
      const said = jobs.split("\n").map((line) => line.trim()).filter(Boolean);
      const where = api.path("organizations", organization, "environments", environment.key, "runs");
      const { run } = await api.post(where, said.length ? { jobs: said } : {});
      tell(`Run of ${environment.key} started`);
      location.hash = `#/${organization}/${environment.key}/${run}`;
    },
  });
}

/** Ask, then tell a run to stop. */
export function stop(organization, key, run, after) {
  parts.ask({
    head: "Stop this run?",
    text: [`The run of ${key} is told to end. What it has not committed is lost; the next run starts from the last good one.`],
    button: "Stop run",
    danger: true,
    act: async () => {
      await api.post(api.path("organizations", organization, "environments", key, "runs", run, "stop"), {});
      tell("The run is told to stop");
      after();
    },
  });
}
