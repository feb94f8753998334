"""Which settings were asked for while a program was read."""

from __future__ import annotations

import dataclasses

from stackyard.graph.evaluation.facts import Facts
from stackyard.graph.evaluation.state import Hidden, Subject


def noted(subject: Subject, facts: Facts) -> Subject:
    """The same stack, whose settings are noted in `facts` when they are asked for."""

    def config_value(key: str) -> str | None:
        try:
            facts.config[key] = subject.config_value(key)
        except Hidden:
            facts.hidden.add(key)
            raise
        return facts.config[key]

    return dataclasses.replace(subject, config_value=config_value)
