"""Programs in several languages in one estate, on the embedded engine: they read each other's outputs, both ways."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.functional import running
from tests.functional.languages import remotes

FILES = {
    "base/Pulumi.yaml": "name: base\nruntime: python\n",
    "base/Pulumi.dev.yaml": "{}\n",
    "base/__main__.py": """
import pulumi, pulumi_random
pet = pulumi_random.RandomPet("pet", length=1)
pulumi.export("pet", pet.id)
pulumi.export("token", pulumi.Output.secret("hush-hush"))
""",
    "web/Pulumi.yaml": "name: web\nruntime: nodejs\n",
    "web/Pulumi.dev.yaml": "config:\n  web:length: 2\n",
    "web/package.json": '{"name": "web", "main": "index.ts"}',
    "web/index.ts": """
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as fs from "fs";
fs.appendFileSync("runs", "x");
const config = new pulumi.Config();
const base = new pulumi.StackReference(`${pulumi.getOrganization()}/base/${pulumi.getStack()}`);
class Pair extends pulumi.ComponentResource {
    constructor(name: string) {
        super("acme:index:Pair", name);
        for (const side of ["left", "right"]) {
            const args = { length: config.requireNumber("length"), prefix: base.requireOutput("pet") };
            new random.RandomPet(`${name}-${side}`, args, { parent: this });
        }
    }
}
const pair = new Pair("pair");
const last = new random.RandomPet("last", {}, { dependsOn: pair });
export const name = pulumi.interpolate`${base.requireOutput("pet")}-${last.id}`;
export const token = base.requireOutput("token");
""",
    "top/Pulumi.yaml": """
name: top
runtime: yaml
resources:
  web:
    type: pulumi:pulumi:StackReference
    properties: {name: "${pulumi.organization}/web/${pulumi.stack}"}
  pet: {type: random:RandomPet, properties: {prefix: "${web.outputs.name}"}}
outputs: {name: "${pet.id}", token: "${web.outputs.token}"}
""",
    "top/Pulumi.dev.yaml": "{}\n",
}


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three stacks on `aws`, which none of them calls: so no cloud has to be started."""
    monkeypatch.setenv("PULUMI_NODEJS_TRANSPILE_ONLY", "true")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "web" / "node_modules").symlink_to(remotes.node_modules())
    (tmp_path / "stackyard.yaml").write_text('organization: acme\nstacks: {"*/*": {cloud: aws}}\n', encoding="utf-8")
    return tmp_path


def up(estate: Path, *select: str) -> running.Result:
    backend = (estate / "state").as_uri()
    (estate / "state").mkdir(exist_ok=True)
    return running.run(estate, "up", "--yes", "--json", "--backend", backend, *select)


def outputs(estate: Path, stack: str) -> dict[str, str]:
    result = running.run(estate, "output", stack, "--show-secrets", "--json", "--backend", (estate / "state").as_uri())
    found: dict[str, str] = result.done().documents[-1]["outputs"]
    return found


def test_stacks_of_several_languages_read_each_other_and_settle(estate: Path) -> None:
    first = up(estate).done()
    assert first.counts == {"create": 9}
    pets = {name: outputs(estate, f"{name}/dev") for name in ("base", "web", "top")}
    assert pets["top"]["name"].startswith(pets["web"]["name"])
    assert pets["web"]["token"] == pets["top"]["token"] == "hush-hush"
    assert "hush-hush" not in first.stdout
    runs = estate / "web" / "runs"
    runs.unlink()
    again = up(estate).done()
    assert (again.counts, again.executed) == ({}, set())
    assert runs.read_text(encoding="utf-8") == "x", "a program that has nothing to do is run once"
    # A change of the first goes through the second to the third, and is the preview's as it is the update's.
    program = estate / "base" / "__main__.py"
    program.write_text(program.read_text(encoding="utf-8").replace("length=1", "length=2"), encoding="utf-8")
    changed = up(estate).done()
    assert changed.counts == {"replace": 4}
    assert outputs(estate, "top/dev")["name"] != pets["top"]["name"]


def test_faults_are_told_once_and_where_they_are(estate: Path) -> None:
    up(estate, "base/dev").done()
    program = estate / "web" / "index.ts"
    text = program.read_text(encoding="utf-8")
    program.write_text(text.replace('("pet")', '("cat")'), encoding="utf-8")
    result = up(estate, "web/dev")
    assert result.exit_code != 0
    assert any("cat" in each and "base" in each for each in result.complaints), result.complaints
    program.write_text(text.replace('"last", {}', '"last", { length: "many" as any }'), encoding="utf-8")
    result = up(estate, "web/dev")
    assert result.exit_code != 0
    told = [each["diagnostic"] for each in result.documents if each["kind"] == "diagnostic"]
    assert [each["position"]["path"].rpartition("/")[2] for each in told if each["position"]] == ["index.ts"], told


DYNAMIC = """
const pulumi = require("@pulumi/pulumi");
const provider = {
    async configure(request) { this.file = request.config.require("file"); },
    async create(inputs) {
        require("fs").writeFileSync(this.file, inputs.text);
        return { id: "made", outs: { text: inputs.text, size: inputs.text.length } };
    },
    async delete(id, outputs) { require("fs").writeFileSync(this.file, `${id} ${outputs.size} is gone`); },
};
class File extends pulumi.dynamic.Resource {
    constructor(name, inputs) { super(provider, name, { ...inputs, size: undefined }); }
}
exports.size = new File("file", { text: "four" }).size;
"""


def test_dynamic_resources_run_the_programs_own_code(estate: Path) -> None:
    (estate / "web" / "package.json").write_text('{"name": "web", "main": "index.js"}', encoding="utf-8")
    (estate / "web" / "index.js").write_text(DYNAMIC, encoding="utf-8")
    shutil.rmtree(estate / "top")
    file = estate / "written"
    (estate / "web" / "Pulumi.dev.yaml").write_text(f"config:\n  web:file: {file}\n", encoding="utf-8")
    assert up(estate, "web/dev").done().counts == {"create": 2}
    assert file.read_text(encoding="utf-8") == "four"
    assert outputs(estate, "web/dev") == {"size": 4}
    assert up(estate, "web/dev").done().counts == {}
    running.run(estate, "destroy", "--yes", "--backend", (estate / "state").as_uri(), "web/dev").done()
    assert file.read_text(encoding="utf-8") == "made 4 is gone"
