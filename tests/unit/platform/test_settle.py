"""A task that stops settles its run once: its row says how it ended, its places are free, its figures are put."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard.platform.site_instances.functions import closing, settle

RUN = "20261121T110000.000000Z-0a1b2c3d"
OTHER = "20261121T110001.000000Z-99999999"
Row = dict[str, Any]


class Table:
    """Rows by their keys; conditions are those that the function writes, told apart by their text."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}

    def put(self, group: str, row: str, **values: Any) -> None:
        self.rows[group, row] = {"environment": group, "run": row, **values}

    def get_item(self, Key: Row, ConsistentRead: bool) -> Row:
        found = self.rows.get((Key["environment"], Key["run"]))
        return {"Item": dict(found)} if found else {}

    def query(self, ExpressionAttributeValues: Row, **_: Any) -> Row:
        group, holder = ExpressionAttributeValues[":slots"], ExpressionAttributeValues[":run"]
        return {"Items": [row for (g, _), row in self.rows.items() if g == group and row["holder"] == holder]}

    def delete_item(self, Key: Row, ConditionExpression: str, ExpressionAttributeValues: Row) -> None:
        key = (Key["environment"], Key["run"])
        assert ConditionExpression == "holder = :run"
        self._require(self.rows.get(key, {}).get("holder") == ExpressionAttributeValues[":run"])
        del self.rows[key]

    def update_item(self, Key: Row, UpdateExpression: str, ConditionExpression: str, **given: Any) -> None:
        row = self.rows.get((Key["environment"], Key["run"]))
        names, values = given["ExpressionAttributeNames"], given["ExpressionAttributeValues"]
        self._require(row is not None)
        assert row is not None
        if "NOT #status IN" in ConditionExpression:
            self._require(row["status"] == values[":status"] or row["status"] not in settle.FINAL)
        for part in UpdateExpression.removeprefix("SET ").split(", #"):
            name, _, wanted = part.removeprefix("#").partition(" = ")
            name = names.get(f"#{name}", name)
            if wanted.startswith("if_not_exists"):
                row.setdefault(name, values[wanted.rpartition(", ")[2].rstrip(")")])
            else:
                row[name] = values[wanted]

    @staticmethod
    def _require(holds: bool) -> None:
        if not holds:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "UpdateItem")


class Metrics:
    """Keeps the figures that are put."""

    def __init__(self) -> None:
        self.put: list[tuple[str, dict[str, float]]] = []

    def put_metric_data(self, Namespace: str, MetricData: list[Row]) -> None:
        self.put.append((Namespace, {each["MetricName"]: each["Value"] for each in MetricData}))


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    made = Table()
    monkeypatch.setattr(settle, "table", lambda: made)
    made.put("shop.prod", RUN, status="running")
    made.put("shop.prod", "lease", holder=RUN)
    made.put("slots", "0", holder=OTHER)
    made.put("slots", "1", holder=RUN)
    return made


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    made = Metrics()
    monkeypatch.setattr(settle, "metrics", lambda: made)
    return made


def stopped(code: int | None = 0, **task: Any) -> Row:
    """The event of a task that has stopped."""
    container = {"name": "runner"} if code is None else {"name": "runner", "exitCode": code}
    times = {"startedAt": "2026-11-21T11:00:00.500Z", "stoppedAt": "2026-11-21T11:01:00Z"}
    detail = {"lastStatus": "STOPPED", "startedBy": RUN, "group": "shop.prod", "taskArn": "arn:task", **times}
    return {
        "detail": {**detail, "containers": [container], "stoppedReason": "Essential container in task exited", **task}
    }


@pytest.mark.parametrize(
    ("run", "clock", "found"), [(0, 0, 0), (0, 143, 0), (1, 0, 1), (137, 124, 124), (143, 124, 124), (None, 0, None)]
)
def test_the_clock_beside_a_run_counts_only_when_it_has_ended_it(
    run: int | None, clock: int, found: int | None
) -> None:
    containers = [{"name": "runner", "exitCode": run}, {"name": "clock", "exitCode": clock}]
    assert settle.exit_code({"containers": containers}) == found


@pytest.mark.parametrize(
    ("code", "row", "task", "status"),
    [
        (0, {}, {}, "succeeded"),
        (0, {"stop_requested": True}, {}, "succeeded"),
        (1, {}, {}, "failed"),
        (124, {}, {}, "failed"),
        (137, {}, {}, "stopped"),
        (143, {}, {}, "stopped"),
        (143, {}, {"stopCode": "UserInitiated"}, "stopped"),
        (137, {}, {"stopCode": "EssentialContainerExited"}, "failed"),
        (137, {"stop_requested": True}, {"stopCode": "EssentialContainerExited"}, "stopped"),
        (1, {"stop_requested": True}, {}, "stopped"),
        (137, {}, {"containers": [{"exitCode": 137, "reason": "OutOfMemoryError: Container killed"}]}, "failed"),
        (None, {}, {"stoppedReason": "CannotPullContainerError"}, "failed"),
        (None, {"stop_requested": True}, {}, "failed"),
    ],
)
def test_how_a_run_ended(table: Table, metrics: Metrics, code: int | None, row: Row, task: Row, status: str) -> None:
    table.rows["shop.prod", RUN].update(row)
    assert settle.handler(stopped(code, **task), None) == {"run": RUN, "status": status}
    settled = table.rows["shop.prod", RUN]
    assert (settled["status"], settled["ended"]) == (status, "2026-11-21T11:01:00Z")
    assert settled.get("exit_code") == (137 if task.get("containers") else code)
    assert metrics.put == [
        (
            "site/shop/prod",
            {"FailedRuns": int(status == "failed"), "SucceededRuns": int(status == "succeeded"), "RunSeconds": 59.5},
        )
    ]


def test_its_places_are_free_and_nobody_elses(table: Table, metrics: Metrics) -> None:
    settle.handler(stopped(), None)
    assert set(table.rows) == {("shop.prod", RUN), ("slots", "0")}


def test_an_event_that_comes_twice_changes_nothing_more(table: Table, metrics: Metrics) -> None:
    settle.handler(stopped(1), None)
    before = {key: dict(row) for key, row in table.rows.items()}
    table.put("shop.prod", "lease", holder=OTHER)
    settle.handler(stopped(1), None)
    assert {key: row for key, row in table.rows.items() if key[1] != "lease"} == before
    assert table.rows["shop.prod", "lease"]["holder"] == OTHER
    assert len(metrics.put) == 1


def test_an_event_that_contradicts_the_end_does_not_change_it(table: Table, metrics: Metrics) -> None:
    settle.handler(stopped(0), None)
    assert settle.handler(stopped(1), None) == {"run": RUN, "status": "succeeded"}
    assert table.rows["shop.prod", RUN]["status"] == "succeeded"


def test_what_the_run_said_itself_stays(table: Table, metrics: Metrics) -> None:
    table.rows["shop.prod", RUN].update(status="failed", message="the tap failed", ended="2026-11-21T11:00:59Z")
    settle.handler(stopped(1), None)
    row = table.rows["shop.prod", RUN]
    assert (row["status"], row["message"], row["ended"]) == ("failed", "the tap failed", "2026-11-21T11:00:59Z")
    assert metrics.put[0][1]["FailedRuns"] == 1


def test_a_run_that_was_killed_between_figures_and_mark_tells_them_again(
    table: Table, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(key: str, run: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(settle, "_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            settle.handler(stopped(1), None)
    settle.handler(stopped(1), None)
    assert [figures["FailedRuns"] for _, figures in metrics.put] == [1, 1]
    assert "settled" in table.rows["shop.prod", RUN]


@pytest.mark.parametrize("task", [{"lastStatus": "RUNNING"}, {"startedBy": "ecs-svc/1"}, {"startedBy": None}])
def test_what_is_no_stopped_run_is_let_be(table: Table, metrics: Metrics, task: Row) -> None:
    before = {key: dict(row) for key, row in table.rows.items()}
    assert "ignored" in settle.handler(stopped(0, **task), None)
    assert table.rows == before
    assert metrics.put == []


def test_a_run_whose_row_is_gone_still_gives_its_places_back(table: Table, metrics: Metrics) -> None:
    del table.rows["shop.prod", RUN]
    assert settle.handler(stopped(), None)["why"] == "there is no such run"
    assert set(table.rows) == {("slots", "0")}
    assert metrics.put == []


class Bucket:
    """A bucket that answers a deletion with an error code, or not at all."""

    def __init__(self, code: str = "") -> None:
        self.code = code
        self.asked: list[str] = []

    def delete_bucket(self, Bucket: str) -> None:
        self.asked.append(Bucket)
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": ""}}, "DeleteBucket")


@pytest.mark.parametrize(
    ("action", "code", "asked", "deleted"),
    [
        ("create", "", False, False),
        ("update", "", False, False),
        ("delete", "", True, True),
        ("delete", "BucketNotEmpty", True, False),
        ("delete", "NoSuchBucket", True, False),
    ],
)
def test_only_an_empty_archive_goes_with_its_organization(
    monkeypatch: pytest.MonkeyPatch, action: str, code: str, asked: bool, deleted: bool
) -> None:
    bucket = Bucket(code)
    monkeypatch.setattr("boto3.client", lambda service: bucket)
    monkeypatch.setenv("ARCHIVE_BUCKET", "acme-archive")
    assert closing.handler({"tf": {"action": action}}, None) == {"deleted": deleted}
    assert bucket.asked == (["acme-archive"] if asked else [])


def test_a_refusal_for_another_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.client", lambda service: Bucket("AccessDenied"))
    monkeypatch.setenv("ARCHIVE_BUCKET", "acme-archive")
    with pytest.raises(ClientError, match="AccessDenied"):
        closing.handler({"tf": {"action": "delete"}}, None)
