"""Plans as text."""

from __future__ import annotations

import dataclasses
from typing import Any

from stackyard.model import urns
from stackyard.model.plans import Change, Op, Operation, Plan, PropertyChange, Step
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, Archive, Asset, Secret
from stackyard.views import plans
from stackyard.views.painting import Painter

CANARY = "canary-4711"
DEFAULTS = plans.Options()
ROOT = urns.URN.make("dev", "shop", "", urns.STACK_TYPE, "shop-dev")


def resource(type_: str, name: str, inputs: dict[str, Any] | None = None, **rest: Any) -> Resource:
    urn = urns.URN.make("dev", "shop", "", type_, name)
    return Resource(urn, type_, custom=True, inputs=inputs or {}, parent=rest.pop("parent", ROOT), **rest)


def step(op: Op, old: Resource | None, new: Resource | None, *changes: PropertyChange, **rest: Any) -> Step:
    subject = new or old
    assert subject is not None
    return Step(op, subject.urn, subject.type, old, new, changes, **rest)


def update(path: str, **rest: Any) -> PropertyChange:
    return PropertyChange(path, Change.UPDATE, **rest)


def shown(*steps: Step, options: plans.Options = DEFAULTS, **rest: Any) -> list[str]:
    return plans.render(Plan("shop/dev", Operation.UP, steps, **rest), cloud="embedded", options=options)


BUCKET = "aws:s3/bucket:Bucket"
QUEUE = "aws:sqs/queue:Queue"


def test_a_whole_plan() -> None:
    root = step(Op.SAME, None, Resource(ROOT, urns.STACK_TYPE, custom=False))
    old = resource(QUEUE, "jobs", {"delaySeconds": 5, "name": "jobs"})
    new = resource(QUEUE, "jobs", {"delaySeconds": 10, "name": "jobs"})
    table = (
        resource("aws:dynamodb/table:Table", "t", {"name": "a"}),
        resource("aws:dynamodb/table:Table", "t", {"name": "b"}),
    )
    lines = shown(
        root,
        step(Op.CREATE, None, resource(BUCKET, "logs", {"bucket": "logs-1", "arn": UNKNOWN, "__defaults": []})),
        step(Op.UPDATE, old, new, update("delaySeconds")),
        step(Op.CREATE_REPLACEMENT, *table),
        step(Op.REPLACE, *table, update("name", forces=True), reasons=("name",)),
        step(Op.DELETE, resource(QUEUE, "old"), None),
        step(Op.SAME, resource(QUEUE, "same"), resource(QUEUE, "same")),
        step(Op.DELETE_REPLACED, table[0], None),
        outputs={"url": UNKNOWN, "kept": 1},
        old_outputs={"gone": "x", "kept": 1},
    )
    assert lines == [
        "Previewing shop/dev (cloud embedded)",
        " +  aws:s3/bucket:Bucket      logs  create",
        "      + arn: [unknown]",
        '      + bucket: "logs-1"',
        " ~  aws:sqs/queue:Queue       jobs  update",
        "      ~ delaySeconds: 5 => 10",
        " +- aws:dynamodb/table:Table  t     replace",
        '      ~ name: "a" => "b"   forces replacement',
        " -  aws:sqs/queue:Queue       old   delete",
        "Outputs:",
        '    - gone: "x"',
        "    + url: [unknown]",
        "Resources: +1 create  ~1 update  +-1 replace  -1 delete  =2 unchanged",
        "[unknown] = known after apply",
    ]


def test_a_replacement_that_deletes_first_says_so() -> None:
    pair = resource(QUEUE, "q", {"name": "a"}), resource(QUEUE, "q", {"name": "b"})
    lines = shown(
        step(Op.DELETE_REPLACED, pair[0], None),
        step(Op.REPLACE, *pair, reasons=("provider",)),
        step(Op.CREATE_REPLACEMENT, *pair),
    )
    assert lines[1] == " -+ aws:sqs/queue:Queue  q  replace, deleted first  forces replacement: provider"
    assert len([line for line in lines if " q " in line]) == 1


def test_a_replacement_without_its_own_step_is_shown_and_counted_once() -> None:
    pair = resource(QUEUE, "q", {"name": "a"}), resource(QUEUE, "q", {"name": "b"})
    lines = shown(
        step(Op.CREATE_REPLACEMENT, *pair, update("name"), reasons=("name",)), step(Op.DELETE_REPLACED, pair[0], None)
    )
    assert lines[1:] == [
        " +- aws:sqs/queue:Queue  q  replace",
        '      ~ name: "a" => "b"   forces replacement',
        "Resources: +-1 replace",
    ]


def test_what_is_simulated_protected_or_retained_is_marked() -> None:
    lines = shown(
        step(Op.CREATE, None, resource("docker:index:Image", "web", protect=True), simulated=True),
        step(Op.DELETE, resource(QUEUE, "kept", retain_on_delete=True), None),
    )
    assert lines[1].endswith("create  simulated  protected")
    assert lines[2].endswith("delete  retained in the cloud")
    assert lines[-1] == "simulated = recorded only, nothing runs behind it"


def test_children_stand_below_their_parents() -> None:
    parent = Resource(urns.URN.make("dev", "shop", "", "shop:Site", "site"), "shop:Site", custom=False, parent=ROOT)
    child = resource(BUCKET, "assets", parent=parent.urn)
    lines = shown(
        step(Op.SAME, None, Resource(ROOT, urns.STACK_TYPE, custom=False)),
        step(Op.SAME, parent, parent),
        step(Op.CREATE, None, child),
        step(Op.CREATE, None, resource(QUEUE, "jobs")),
    )
    assert lines[1:4] == [
        "   shop:Site               site",
        " +   aws:s3/bucket:Bucket  assets  create",
        " + aws:sqs/queue:Queue     jobs    create",
    ]


def test_nothing_to_do_is_said() -> None:
    same = step(Op.SAME, resource(QUEUE, "q"), resource(QUEUE, "q"))
    assert shown(same) == ["Previewing shop/dev (cloud embedded)", "Resources: no changes (1 unchanged)"]
    assert len(shown(same, options=plans.Options(unchanged=True))) == 3
    assert "outputs change" in shown(same, outputs={"a": 1})[-1]


def test_what_the_engine_made_by_itself_is_not_shown() -> None:
    provider = dataclasses.replace(step(Op.CREATE, None, resource("pulumi:providers:aws", "default")), internal=True)
    assert shown(provider)[1:] == ["Resources: no changes"]


def test_nested_values_become_blocks_when_they_are_long() -> None:
    inputs = {"tags": {"Name": "n" * 30, "Env": "e" * 40}, "code": Archive(assets={"b.py": Asset(text="x")})}
    lines = shown(step(Op.CREATE, None, resource(BUCKET, "b", inputs)), options=plans.Options(columns=60))
    assert lines[2:] == [
        "     + code: archive(b.py)",
        "     + tags: {",
        f'           Name: "{"n" * 30}"',
        f'           Env: "{"e" * 40}"',
        "       }",
        "Resources: +1 create",
    ]


def test_paths_reach_into_lists_and_objects() -> None:
    old = resource(QUEUE, "q", {"rules": [{"port": 1}, {"port": 2}]})
    new = resource(QUEUE, "q", {"rules": [{"port": 1}, {"port": UNKNOWN}, {"port": 3}]})
    lines = shown(step(Op.UPDATE, old, new, update("rules[1].port"), PropertyChange("rules[2]", Change.ADD)))
    assert lines[2:4] == ["     ~ rules[1].port: 2 => [unknown]", "     + rules[2]: {port: 3}"]


def test_hidden_differences_stay_hidden() -> None:
    pair = [resource(QUEUE, "q", {"script": text}, hide_diff=("script",)) for text in ("one", "two")]
    assert shown(step(Op.UPDATE, *pair, update("script")))[2] == "     ~ script: [hidden]"
    assert shown(step(Op.CREATE, None, pair[1]))[2] == "     + script: [hidden]"


def test_no_secret_is_ever_shown() -> None:
    secret = {"password": Secret(CANARY), "tree": {"leaf": [Secret(CANARY)]}, "object": Secret({"inner": CANARY})}
    plain = {"password": CANARY, "tree": {"leaf": [CANARY]}, "object": {"inner": CANARY}}
    other = {"password": "x", "tree": {"leaf": ["x"]}, "object": {"inner": "x"}}
    paths = ("password", "tree.leaf[0]", "object.inner", "object", "tree")
    lines: list[str] = []
    for old, new in ((secret, other), (other, secret), (secret, secret), (plain, secret), (secret, plain)):
        for path in paths:
            if path == "tree" and (old is plain or new is plain):
                continue
            for change in Change:
                change_of = PropertyChange(path, change)
                lines += shown(step(Op.UPDATE, resource(QUEUE, "q", old), resource(QUEUE, "q", new), change_of))
    lines += shown(step(Op.CREATE, None, resource(QUEUE, "q", secret)), outputs=secret, old_outputs=other)
    lines += shown(outputs=other, old_outputs=secret)
    lines += shown(outputs={"password": CANARY}, old_outputs={"password": Secret(CANARY + "!")})
    assert CANARY not in "\n".join(lines)
    assert "[secret]" in "\n".join(lines)


def test_a_name_cannot_repaint_the_terminal() -> None:
    lines = shown(step(Op.CREATE, None, resource(QUEUE, "q\x1b[2J", {"k\x1b[1m": "v\x1b[31m\n"})))
    assert "\x1b" not in "".join(lines)


def test_colours_leave_the_text_alone() -> None:
    plan = Plan("shop/dev", Operation.DESTROY, (step(Op.DELETE, resource(QUEUE, "q"), None),))
    coloured = "\n".join(plans.render(plan, Painter(True)))
    assert coloured.replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[0m", "") == "\n".join(
        plans.render(plan)
    )
    assert plans.summary(plan) == "-1 delete"
