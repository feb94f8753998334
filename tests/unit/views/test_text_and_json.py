"""Plain lines and JSON lines."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from stackyard.errors import Position
from stackyard.model import diagnostics, events
from stackyard.model.plans import Change, Op, PropertyChange
from stackyard.model.updates import Outcome
from stackyard.model.urns import URN
from stackyard.model.values import UNKNOWN, Asset, Secret
from stackyard.views import base, json_lines, text
from stackyard.views.painting import Painter
from tests.unit.views.streams_for_tests import BUCKET, a_small_run, started

CANARY = "canary-4711"


def written(*given: events.Event, verbose: bool = False) -> list[str]:
    stream = io.StringIO()
    view = text.TextView(stream, verbose=verbose)
    for event in given:
        view.event(event)
    view.close()
    return stream.getvalue().splitlines()


def test_one_line_an_event_prefixed_by_its_stack() -> None:
    lines = written(*a_small_run())
    assert lines[0] == "Updating 2 stacks"
    assert lines[1:7] == [
        "shop/dev     started (cloud embedded, engine embedded)",
        "billing/dev  started (cloud aws, engine embedded)",
        "shop/dev     | hello world",
        "shop/dev     + aws:s3/bucket:Bucket logs created simulated 0.7s",
        "billing/dev  ~ aws:sqs/queue:Queue jobs updating failed: AccessDenied: no / second line 0.7s",
        "shop/dev     ✓ succeeded in 0.9s   +1 created  =2 unchanged",
    ]


def test_the_end_is_a_table_with_failures_last_and_the_totals() -> None:
    lines = written(*a_small_run())
    assert lines[-5].startswith("✓ shop/dev")
    assert lines[-4].startswith("✗ billing/dev")
    assert "AccessDenied: no" in lines[-4]
    assert lines[-2:] == ["Updated 2 stacks in 1.2s: 1 succeeded, 1 failed", "+1 created  =2 unchanged"]


def test_unchanged_resources_and_debug_logs_are_shown_only_when_asked_for() -> None:
    given: list[events.Event] = [
        events.StepFinished(1, "s", BUCKET, Op.SAME),
        events.Diagnosed(1, "s", diagnostics.Diagnostic(diagnostics.Severity.DEBUG, "a detail")),
    ]
    assert written(*given) == []
    assert len(written(*given, verbose=True)) == 2


def test_default_providers_are_neither_shown_nor_counted() -> None:
    urn = URN.make("dev", "shop", "", "pulumi:providers:aws", "default_7_51_1")
    given: list[events.Event] = [started("s"), events.StepFinished(1, "s", urn, Op.CREATE)]
    finished = events.StackFinished(1, "s", Outcome.SUCCEEDED, 1.0)
    lines = written(*given, finished, events.RunFinished(1, "r", Outcome.SUCCEEDED, 1.0))
    assert "created" not in "\n".join(lines)
    assert "boom" in written(events.StepFinished(1, "s", urn, Op.CREATE, error="boom"))[0]


def test_reasons_of_a_replacement_are_named() -> None:
    event = events.StepFinished(1, "s", BUCKET, Op.REPLACE, reasons=("bucket", "tags.Env"))
    assert "replaced (replaced because of bucket, tags.Env)" in written(event)[0]


def test_the_steps_of_a_preview_are_left_to_its_plan_but_for_its_errors() -> None:
    finished = events.StepFinished(1, "s", BUCKET, Op.CREATE)
    failed = events.StepFinished(1, "s", BUCKET, Op.CREATE, error="no such region")
    lines = written(started("s", preview=True), finished, failed)
    assert lines[1:] == ["s  + aws:s3/bucket:Bucket logs creating failed: no such region"]


def test_colour_is_there_only_for_a_painter_that_paints() -> None:
    stream = io.StringIO()
    text.TextView(stream, Painter(True)).event(started("s"))
    assert stream.getvalue() == "\x1b[1mUpdating 1 stack\x1b[0m\n"
    assert "\x1b" not in "".join(written(*a_small_run()))


def records(*given: events.Event) -> list[dict[str, Any]]:
    stream = io.StringIO()
    view = json_lines.JsonLines(stream)
    for event in given:
        view.event(event)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_event_is_one_json_line_with_version_and_kind() -> None:
    found = records(*a_small_run())
    assert len(found) == len(a_small_run())
    assert all(record["version"] == 1 for record in found)
    assert [record["kind"] for record in found][:2] == ["run-started", "stack-started"]
    assert found[0]["stacks"] == ["shop/dev", "billing/dev"]
    assert found[6]["op"] == "create"
    assert found[6]["simulated"] is True


def test_nested_records_are_plain() -> None:
    fault = diagnostics.error("wrong", hint="right", position=Position("a.py", 3, 4), stack="s", urn=BUCKET)
    change = PropertyChange("tags.Name", Change.UPDATE, True)
    told, step = records(
        events.Diagnosed(1, "s", fault), events.StepFinished(1, "s", BUCKET, Op.UPDATE, changes=(change,))
    )
    assert told["diagnostic"]["position"] == {"path": "a.py", "line": 3, "column": 4}
    assert told["diagnostic"]["severity"] == "error"
    assert step["changes"] == [{"path": "tags.Name", "change": "update", "forces": True}]


def test_outputs_are_masked_in_json() -> None:
    outputs = {
        "password": Secret(CANARY),
        "nested": [{"deep": Secret({"x": CANARY})}],
        "arn": UNKNOWN,
        "file": Asset(path="a.txt", hash="0123456789"),
    }
    record = records(events.StackFinished(1, "s", Outcome.SUCCEEDED, 1.0, outputs=outputs))[0]
    assert record["outputs"] == {
        "password": "[secret]",
        "nested": [{"deep": "[secret]"}],
        "arn": "[unknown]",
        "file": "asset(a.txt 01234567)",
    }


def test_documents_are_written_in_the_same_form() -> None:
    stream = io.StringIO()
    json_lines.write(stream, "stacks", {"names": ("a", "b"), "secret": Secret(CANARY)})
    assert stream.getvalue() == '{"version":1,"kind":"stacks","names":["a","b"],"secret":"[secret]"}\n'


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("as_json", [True, False])
def test_a_view_outlives_its_reader(as_json: bool) -> None:
    view = base.open_view(Gone(), as_json=as_json, environ={})
    for event in a_small_run():
        view.event(event)
    view.close()


def test_characters_that_an_encoding_lacks_do_not_stop_a_view() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    view = text.TextView(stream)
    for event in a_small_run():
        view.event(event)
    assert b"? succeeded" in raw.getvalue()
