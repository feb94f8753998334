"""Environments, decisions, runs and archives as rows of tables. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Final

from stackyard.model.activations import Activation, Phase

HEADER: Final = ("ORGANIZATION", "PROJECT", "ENVIRONMENT", "REF", "COMMIT", "PHASE", "DEPLOYED", "LAST RUN", "STATUS")
DECIDED: Final = ("ENVIRONMENT", "WHAT", "REF", "COMMIT", "WHY")
RUNS: Final = ("RUN", "STATUS", "STARTED", "SECONDS", "EXIT", "JOBS", "REASON", "ROWS")
ARCHIVES: Final = ("ARCHIVE", "REF", "COMMIT", "MADE", "KEPT", "FILES", "BYTES")
_DAY: Final = 86400
_EXITS: Final = {
    "64": "was ordered wrongly",
    "65": "did not get the source, or the files of the last commit, that it should",
    "66": "misses a secret's value, or its plugins",
    "73": "was refused at its commit: somebody else has the lease",
    "124": "reached its time limit",
    "137": "was killed, for its memory or by somebody",
    "143": "was asked to stop",
}
"""As docs/guide/runs-of-data.md tells them."""
_ORDINARY: Final = "Essential container in task exited"
"""What ECS says of every task that ended by itself."""


def short(ref: str) -> str:
    """A ref without `refs/heads/` or `refs/tags/`."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


def listed(record: Activation, deployed: str, run: dict[str, Any] | None, now: float) -> tuple[str, ...]:
    """One environment's row."""
    phase = record.phase.value
    if record.phase is Phase.ACTIVE and record.paused:
        phase = "paused"
    elif record.phase is Phase.ACTIVE and record.expires:
        left = record.expires - now
        phase = f"active, {max(0, left) / 3600:.0f} h left" if left < 3 * _DAY else "active"
    names = (record.organization, record.project, record.environment)
    last = (run["run"], str(run.get("status", "?"))) if run else ("-", "-")
    return (*names, short(record.ref), record.commit[:12], phase, deployed, *last)


def decided(entry: str, act: str, target: Activation | None, reason: str) -> tuple[str, ...]:
    """One decision's row."""
    ref, commit = (short(target.ref), target.commit[:12]) if target else ("-", "-")
    return entry.replace(".", "/"), act, ref, commit, reason


def runs(found: Iterable[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Rows of runs."""
    return [
        (
            row["run"],
            str(row.get("status", "?")),
            str(row.get("started", "-"))[:19],
            _seconds(row),
            str(row.get("exit_code", "-")),
            " ".join(row.get("jobs", ())) or "-",
            str(row.get("reason", "-")),
            _counted(row.get("rows")),
        )
        for row in found
    ]


def why(row: dict[str, Any]) -> str:
    """Why a run has ended as it did, in words; empty for one that is good."""
    if row.get("status") == "succeeded":
        return ""
    code, message = str(row.get("exit_code", "")), str(row.get("message", ""))
    told = [] if message == _ORDINARY else [message]
    if code:
        told.insert(0, f"exit code {code}: it {_EXITS[code]}" if code in _EXITS else f"exit code {code}: see its log")
    return "; ".join(part for part in told if part)


def _seconds(row: dict[str, Any]) -> str:
    try:
        begun, ended = (datetime.datetime.fromisoformat(row[name]) for name in ("started", "ended"))
    except (KeyError, ValueError):
        return "-"
    return f"{(ended - begun).total_seconds():.1f}"


def _counted(rows: Any) -> str:
    if not isinstance(rows, dict) or not rows:
        return "-"
    return ", ".join(f"{stream} {count}" for stream, count in sorted(rows.items()))


def archive(found: Any) -> tuple[str, ...]:
    """One archive's row."""
    kept = f"{found.days} days" if found.days else "for ever"
    files, size = str(len(found.files)), str(found.size)
    return found.prefix, short(found.ref), found.commit[:12], found.made[:19], kept, files, size


def counted(acts: Sequence[str]) -> str:
    """`3 activate, 1 retire`."""
    return ", ".join(f"{acts.count(act)} {act}" for act in sorted(set(acts))) or "nothing to do"
