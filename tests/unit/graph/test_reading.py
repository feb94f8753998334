"""What is told of programs in TypeScript, JavaScript, Go and YAML from their sources alone."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.graph.evaluation.facts import Facts
from stackyard.graph.evaluation.state import Hidden, Subject
from stackyard.graph.reading import programs
from stackyard.model.estates import Project

Read = Callable[..., Facts]
CONFIG = {"api:core": "core", "api:empty": "", "shared:organization": "globex"}
RUNTIMES = {".ts": "nodejs", ".js": "nodejs", ".go": "go", ".yaml": "yaml"}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write files and read what they say for the stack acme/api/prod; `main` names the first one."""

    def value(key: str) -> str | None:
        if key == "api:secret":
            raise Hidden("the secret api:secret")
        return CONFIG.get(key)

    def go(text: str, name: str = "index.ts", **others: str) -> Facts:
        for path, content in {name: text, **{key.replace("__", "/"): each for key, each in others.items()}}.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(content), encoding="utf-8")
        project = Project("api", tmp_path, runtime=RUNTIMES[Path(name).suffix], main=name)
        return programs.read(project, Subject("acme", "api", "prod", tmp_path, (), value))[0]

    return go


def names(facts: Facts) -> list[str]:
    return [each.name or f"? {each.reason}" for each in facts.references.values()]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"acme/core/prod"', "acme/core/prod"),
        ("`${pulumi.getOrganization()}/core/${pulumi.getStack()}`", "acme/core/prod"),
        ('org + "/" + config.require("core") + `/${stack}`', "globex/core/prod"),
        ('config.get("none") || "acme/core/dev"', "acme/core/dev"),
        ('config.get("none") ?? config.get("core")!', "core"),
        ('(config.require("core") as string)', "core"),
        ("pulumi.interpolate`${org}/core/${stack}`", "globex/core/prod"),
        ('new pulumi.Config("shared").require("organization")', "? an expression that is not followed"),
        ('config.requireSecret("secret")', "? the secret api:secret"),
        ('config.require("secret")', "? the secret api:secret"),
        ('config.require("none")', "? the configuration value api:none, which is not set"),
        ("process.env.CORE", "? the environment variable CORE"),
        ("changed", "? `changed`, which is not a constant"),
        ("elsewhere", "? `elsewhere`, which is given somewhere else"),
        ("join(org, stack)", "? what `join()` returns"),
        ('flag ? "a/b" : "c/d"', "? a condition"),
        ("circle", "? names that lead in a circle"),
    ],
)
def test_names_of_stacks_in_typescript(read: Read, expression: str, expected: str) -> None:
    facts = read(
        f"""
        import * as pulumi from "@pulumi/pulumi";
        // new pulumi.StackReference("acme/comment/prod");
        const config = new pulumi.Config(), regex = /new StackReference\\("x"\\)/;
        const shared = new pulumi.Config("shared");
        const org: string = shared.require("organization");
        const stack = pulumi.getStack()
        const circle = circle + "";
        let changed = "a"; changed = "b";
        const core = new pulumi.StackReference({expression}, undefined, {{}});
        const text = 'new pulumi.StackReference("acme/text/prod")';
        """
    )
    assert names(facts) == [expected]


def test_reads_and_exports_in_typescript(read: Read) -> None:
    facts = read(
        """
        import { StackReference, getStack } from "@pulumi/pulumi";
        import { organization as org } from "./names";
        const core = new StackReference("core", { name: `${org}/core/${getStack()}` });
        export const table = core.requireOutput("tableArn");
        if (table) {
            core.getOutput("extra");
        }
        export const { left, right: renamed } = core;
        export function later() { return 1; }
        const inner = 1;
        export { inner as outer };
        export type Shape = string;
        """,
        **{"names.ts": 'export const organization = "acme";\n'},
    )
    (reference,) = facts.references.values()
    assert (reference.name, reference.conditional) == ("acme/core/prod", False)
    assert reference.keys == {"tableArn", "extra", "*"}
    assert {read.key: (read.required, read.conditional, read.position.line) for read in reference.reads.values()} == {
        "tableArn": (True, False, 5),
        "extra": (False, True, 7),
    }
    assert set(facts.exports) == {"table", "left", "renamed", "later", "outer"}
    assert not facts.open_


def test_exports_that_are_not_followed_are_said_to_be_open(read: Read) -> None:
    assert read("export default async () => ({ a: 1 });\n").open_
    assert read('export * from "./other";\n').open_
    assert read("module.exports = make();\n", "index.js").open_
    facts = read('module.exports = { a: 1, "b": 2, c };\nexports.d = 4;\n', "index.js")
    assert (set(facts.exports), facts.open_) == ({"a", "b", "c", "d"}, {})


def test_references_in_functions_and_other_files_are_conditional(read: Read) -> None:
    facts = read(
        """
        import * as pulumi from "@pulumi/pulumi";
        import "./network";
        function load(name: string) { return new pulumi.StackReference(`acme/${name}/prod`); }
        """,
        **{
            "network.ts": 'const vpc = new pulumi.StackReference("acme/net/prod");\n',
            "network.test.ts": 'new pulumi.StackReference("acme/test/prod");\n',
            "node_modules__x.ts": 'new pulumi.StackReference("acme/installed/prod");\n',
        },
    )
    assert {each.name or each.reason: each.conditional for each in facts.references.values()} == {
        "`name`, which is not a constant": True,
        "acme/net/prod": True,
    }


def test_outputs_that_are_read_in_templates(read: Read) -> None:
    facts = read(
        """
        const core = new pulumi.StackReference("acme/core/prod");
        const net = new pulumi.StackReference("acme/net/prod");
        const whole = new pulumi.StackReference("acme/whole/prod");
        export const url = pulumi.interpolate`https://${core.requireOutput("host")}/${`a${core.getOutput("path")}`}`;
        export const vpc = net.getOutput("vpc"), text = pulumi.interpolate`${whole.outputs.a}`;
        if (flag) { console.log(`${net.requireOutput("zone")}`); }
        """
    )
    assert [sorted(each.keys) for each in facts.references.values()] == [["host", "path"], ["vpc", "zone"], ["*"]]
    reads = [read for found in facts.references.values() for read in found.reads.values()]
    assert {(each.key, each.required, each.conditional) for each in reads} == {
        ("host", True, False),
        ("path", False, False),
        ("vpc", False, False),
        ("zone", True, True),
    }


def test_go(read: Read) -> None:
    facts = read(
        """
        package main

        import (
            "fmt"
            "github.com/pulumi/pulumi/sdk/v3/go/pulumi"
            "github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
        )

        const base = `base`

        func main() {
            pulumi.Run(func(ctx *pulumi.Context) error {
                conf := config.New(ctx, "")
                slug := fmt.Sprintf("%s/%s/%s", ctx.Organization(), conf.Require("core"), ctx.Stack())
                core, err := pulumi.NewStackReference(ctx, slug, nil)
                if err != nil {
                    return err
                }
                arn := core.GetStringOutput(pulumi.String("tableArn"))
                other, err := pulumi.NewStackReference(ctx, "label", &pulumi.StackReferenceArgs{
                    Name: pulumi.String("acme/" + base + region),
                })
                if conf.GetBool("more") {
                    pulumi.NewStackReference(ctx, "acme/more/"+conf.Get("secret"), nil)
                }
                ctx.Export("table", arn)
                ctx.Export(conf.Require("empty")+"x", other.URN())
                return nil
            })
        }
        """,
        "main.go",
        **{"names.go": 'package main\nconst region = "/eu"\n'},
    )
    assert {each.name or each.reason: (each.conditional, sorted(each.keys)) for each in facts.references.values()} == {
        "acme/core/prod": (False, ["tableArn"]),
        "acme/base/eu": (False, ["*"]),
        "the secret api:secret": (True, ["*"]),
    }
    assert {key: found.conditional for key, found in facts.exports.items()} == {"table": False, "x": False}


def test_yaml(read: Read) -> None:
    facts = read(
        """
        name: api
        runtime: yaml
        config: {core: {type: string}}
        resources:
          core:
            type: pulumi:pulumi:StackReference
            properties: {name: "${pulumi.organization}/${core-name}/${pulumi.stack}"}
          other: {type: pulumi:pulumi:StackReference, properties: {name: "${core.outputs.next}"}}
        variables: {core-name: "${core-}"}
        outputs:
          arn: ${core.outputs.tableArn}
          all: ${other.outputs}
        """.replace("${core-}", "x-core"),
        "Main.yaml",
    )
    assert {each.name or each.reason: (sorted(each.keys), each.conditional) for each in facts.references.values()} == {
        "acme/x-core/prod": (["next", "tableArn"], False),
        "${core}": (["*"], False),
    }
    assert set(facts.exports) == {"arn", "all"}
    (arn,) = [each for found in facts.references.values() for each in found.reads.values() if each.key == "tableArn"]
    assert (arn.required, arn.position.line) == (True, 12)


def test_yaml_reads_configuration_that_is_not_declared_before_variables_and_the_older_function(read: Read) -> None:
    facts = read(
        """
        variables: {core: other, mine: "${core}"}
        resources:
          net: {type: pulumi:pulumi:StackReference, properties: {name: "acme/${mine}/${api:core}"}}
          hidden: {type: pulumi:pulumi:StackReference, properties: {name: "${secret}"}}
        outputs:
          arn: ${net.outputs["tableArn"]}
          vpc: {fn::stackReference: [acme/net/prod, vpc]}
        """,
        "Main.yaml",
    )
    assert {each.name or each.reason: sorted(each.keys) for each in facts.references.values()} == {
        "acme/core/core": ["tableArn"],
        "the secret api:secret": [],
        "acme/net/prod": ["vpc"],
    }


def test_sources_with_faults_end_nothing(read: Read) -> None:
    for text in ("const a = `${`;", "export const {", "new StackReference(", '"', "`", "/* ", "(((((", "}}}}", "\\"):
        read(text)
        read(text, "main.go")
