"""Console passwords of users. The id is the user; the password is made here and shown once, as a secret."""

from __future__ import annotations

import secrets
import string

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Created, Kind, fixed

_SYMBOLS = "!@#$%^&*()_+-=[]{}|'"


class UserLoginProfile(Kind):
    """`aws:iam/userLoginProfile:UserLoginProfile`."""

    naming = None
    defaults = fixed(passwordLength=20)
    replaces = ("user", "passwordLength", "passwordResetRequired", "pgpKey")
    computed = ("passwordResetRequired",)
    unsupported = ("pgpKey",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> Created:
        password = _password(inputs["passwordLength"])
        reset = bool(inputs.get("passwordResetRequired"))
        aws.iam.create_login_profile(UserName=inputs["user"], Password=password, PasswordResetRequired=reset)
        return Created(str(inputs["user"]), {"password": password})

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        profile = aws.iam.get_login_profile(UserName=id)["LoginProfile"]
        return {"user": id, "passwordResetRequired": profile.get("PasswordResetRequired", False)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Every input makes a new one."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.iam.delete_login_profile(UserName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["user"])


def _password(length: int) -> str:
    """Random, with a letter of each case, a digit and a symbol, as every account policy can ask for."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice("".join(kinds)) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
