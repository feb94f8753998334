"""Names that resources are given when the program gives none: `<name>-<7 hex digits>`, fixed before the intent.

The digits come from the request's seed, so a preview and the update after it agree.
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets

from stackyard.model.values import UNKNOWN, Properties

DIGITS = 7
PREFIX_DIGITS = 26


@dataclasses.dataclass(frozen=True, slots=True)
class Naming:
    """How one type is named: the property, its prefix property, the longest name allowed, letters, and its ends.

    `start` begins every made name (`alias/`); with `digits` 0 the name is the resource's own. `joint` stands before the
    digits, and, where it is another than a hyphen, in place of every hyphen.
    `suffix` is (property, text): the text ends the name when that boolean property is true (`.fifo`).
    """

    property: str = "name"
    prefix: str = "namePrefix"
    limit: int = 255
    lower: bool = False
    suffix: tuple[str, str] = ("", "")
    start: str = ""
    digits: int = DIGITS
    joint: str = "-"

    def ending(self, inputs: Properties) -> str:
        """What the name must end in."""
        return self.suffix[1] if self.suffix[0] and inputs.get(self.suffix[0]) is True else ""

    def make(self, name: str, inputs: Properties, seed: bytes) -> str | None:
        """A name for the resource called `name` in the program; None when its prefix is not known yet.

        Raises ValueError when it would be longer than the service allows.
        """
        ending, prefix = self.ending(inputs), inputs.get(self.prefix)
        if prefix is UNKNOWN:
            return None
        count = max(DIGITS, min(PREFIX_DIGITS, self.limit - len(prefix) - len(ending))) if prefix else self.digits
        digits = (hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(16))[:count]
        made = (
            f"{prefix}{digits}{ending}" if prefix else f"{self.start}{'-'.join(filter(None, (name, digits)))}{ending}"
        ).replace("-", self.joint)
        if len(made) > self.limit:
            raise ValueError(
                f"the generated name {made!r} is longer than {self.limit} characters; give it a {self.property}"
            )
        return made.lower() if self.lower else made
