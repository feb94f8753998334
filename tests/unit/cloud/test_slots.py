"""Places for tasks are given in the order they were asked for, and a turn can be given up."""

from __future__ import annotations

import threading
from collections.abc import Callable

from stackyard.cloud.server.tasks import slots


def _asking(
    places: slots.Slots, name: str, given_up: Callable[[], bool], done: list[tuple[str, bool]]
) -> threading.Thread:
    before = places.waiting()
    thread = threading.Thread(target=lambda: done.append((name, places.take(name, given_up))))
    thread.start()
    while places.waiting() == before:
        threading.Event().wait(0.001)
    return thread


def test_who_came_first_is_served_first() -> None:
    places, done = slots.Slots(1), list[tuple[str, bool]]()
    assert places.take("a", lambda: False)
    waiting = [_asking(places, name, lambda: False, done) for name in "bcd"]
    for thread in waiting:
        places.give_back()
        thread.join(5)
    assert done == [("b", True), ("c", True), ("d", True)]


def test_a_turn_that_was_given_up_is_the_next_ones() -> None:
    places, done, given_up = slots.Slots(1), list[tuple[str, bool]](), threading.Event()
    assert places.take("a", lambda: False)
    first = _asking(places, "b", given_up.is_set, done)
    second = _asking(places, "c", lambda: False, done)
    given_up.set()
    places.stir()
    first.join(5)
    assert done == [("b", False)]
    places.give_back()
    second.join(5)
    assert done[-1] == ("c", True)
    assert places.waiting() == 0
