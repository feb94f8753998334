"""Exported resources in previews: marks go, and what was never told is no change."""

from __future__ import annotations

from stackyard.engines.embedded.exports import MARK, told
from stackyard.model.values import UNKNOWN


def test_what_the_record_does_not_have_is_no_change() -> None:
    recorded = {"id": "sg-1", "namePrefix": None}
    exported = {MARK: True, "id": "sg-1", "namePrefix": UNKNOWN, "timeouts": UNKNOWN}
    assert told(exported, recorded) == recorded


def test_what_the_record_has_stays_unknown() -> None:
    assert told({MARK: True, "id": UNKNOWN}, {"id": "sg-1"}) == {"id": UNKNOWN}


def test_a_new_resource_is_shown_with_its_unknowns() -> None:
    assert told({MARK: True, "id": UNKNOWN, "name": "a"}, None) == {"id": UNKNOWN, "name": "a"}


def test_resources_inside_lists_and_objects() -> None:
    exported = {"all": [{MARK: True, "id": "a", "x": UNKNOWN}]}
    assert told(exported, {"all": [{"id": "a"}]}) == {"all": [{"id": "a"}]}


def test_plain_objects_keep_their_unknowns() -> None:
    assert told({"x": UNKNOWN}, {"x": None}) == {"x": UNKNOWN}
