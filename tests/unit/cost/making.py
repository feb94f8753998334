"""Resources and states for tests of cost."""

from __future__ import annotations

import datetime
from typing import Any

from stackyard.cost.owners import Owner
from stackyard.cost.standing import Past, State
from stackyard.model.resources import Resource
from stackyard.model.urns import URN

UTC = datetime.UTC
FABRIC = Owner("fabric", "platform")


def day(number: int, hour: int = 0, month: int = 11) -> datetime.datetime:
    """A moment of November 2026 (30 days, 720 hours), unless another month is named."""
    return datetime.datetime(2026, month, number, hour, tzinfo=UTC)


def resource(type_: str, name: str = "it", /, created: datetime.datetime | None = None, **inputs: Any) -> Resource:
    """A resource of `service.Class`, such as `ec2.NatGateway`, or of a whole type token."""
    if "." in type_:
        service, class_ = type_.split(".")
        type_ = f"aws:{service}/{class_[0].lower()}{class_[1:]}:{class_}"
    return Resource(
        urn=URN.make("dev", "shop", "", type_, name),
        type=type_,
        custom=True,
        id=f"id-of-{name}",
        inputs=inputs,
        created=created.isoformat() if created else "",
    )


def past(*states: tuple[datetime.datetime, list[Resource]], owner: Owner = FABRIC) -> Past:
    """The past of one stack."""
    return Past("shop/dev", owner, "111122223333", tuple(State(time, tuple(found)) for time, found in states))
