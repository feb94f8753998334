"""Faults of published plugins that lose rows, cured where they are installed.

A cure replaces one piece of text of one file, and only if it is there exactly once: other versions stay as they are.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Cure:
    """`old` becomes `new` in `file`, a path below site-packages; `why` is said when it happens."""

    file: str
    old: str
    new: str
    why: str


# target-duckdb 0.8.0 leaves it to DuckDB to guess whether its CSV file has a header. With timestamps that have a UTC
# offset it takes the first row for one, and the row is lost. Here nothing is guessed, and what arrived is counted.
_DUCKDB: Final = Cure(
    file="target_duckdb/db_sync.py",
    old="""        cur.execute("COPY {} FROM '{}' WITH (new_line '\\\\r\\\\n')".format(temp_table, temp_file_csv))\n""",
    new="""        copied = cur.execute(
            "COPY {} FROM '{}' (FORMAT csv, HEADER false, AUTO_DETECT false, DELIMITER '{}', QUOTE '{}', ESCAPE '{}',"
            " NULLSTR '', NEW_LINE '\\\\r\\\\n')".format(
                temp_table, temp_file_csv, self.delimiter, self.quotechar, self.quotechar
            )
        ).fetchone()[0]
        if copied != count:
            raise RuntimeError("{} of {} rows arrived in {}".format(copied, count, temp_table))
""",
    why="target-duckdb would lose the first row of a batch",
)
CURES: Final = (_DUCKDB,)


def apply(site_packages: Path, cures: tuple[Cure, ...] = CURES) -> list[str]:
    """Cure what is installed there and return why, one line for each cure applied."""
    applied = []
    for cure in cures:
        path = site_packages / cure.file
        if not path.is_file() or (text := path.read_text()).count(cure.old) != 1:
            continue
        path.unlink()  # it may be a link to the installer's own cache, which is not to be changed
        path.write_text(text.replace(cure.old, cure.new))
        applied.append(cure.why)
    return applied
