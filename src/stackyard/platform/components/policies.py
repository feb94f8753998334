"""Policy documents: JSON text built from plain statements whose values may be outputs of other resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pulumi

VERSION: Final = "2012-10-17"

Statement = dict[str, Any]


def allow(actions: Sequence[str], resources: Any, **rest: Any) -> Statement:
    """A statement that allows `actions` on `resources`; `rest` are its other keys, as the cloud spells them."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources, **rest}


def deny(actions: Sequence[str], resources: Any, **rest: Any) -> Statement:
    """A statement that denies."""
    return {"Effect": "Deny", "Action": list(actions), "Resource": resources, **rest}


def trust(principal: dict[str, Any], action: str = "sts:AssumeRole", **rest: Any) -> Statement:
    """A statement of a trust policy: who may become the role."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, **rest}


def document(*statements: Statement) -> pulumi.Output:
    """The statements as a policy document: an output, for it waits for the values in it."""
    return pulumi.Output.json_dumps({"Version": VERSION, "Statement": list(statements)})
