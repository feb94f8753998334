"""Who deploys: the keys a run uses in the embedded cloud in place of those of the account's root.

A person gives the access key of a user of that account by two variables of ours, since the AWS ones are withheld
from embedded runs; `--as-role` makes the run take a role with them, one for each stack if its name says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.estates import Stack

KEY_ID: Final = "STACKYARD_ACCESS_KEY_ID"
SECRET: Final = "STACKYARD_SECRET_ACCESS_KEY"
_NAMED: Final = {"AccessKeyId": "AWS_ACCESS_KEY_ID", "SecretAccessKey": "AWS_SECRET_ACCESS_KEY"}


@dataclasses.dataclass(frozen=True, slots=True)
class Deployer:
    """A user's access key (empty: the account's root) and a role (empty: none), in which `{project}` and `{stack}`
    are replaced by those of each stack. `role` is a name, a path and a name, or an ARN.
    """

    key_id: str = ""
    secret: str = dataclasses.field(default="", repr=False)
    role: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str], role: str = "") -> Deployer:
        """What the user's variables and `--as-role` say. Raises UsageError when half a key is given."""
        key_id, secret = environ.get(KEY_ID, ""), environ.get(SECRET, "")
        if bool(key_id) != bool(secret):
            raise errors.UsageError(f"{KEY_ID} and {SECRET} belong together", hint="set both or neither")
        return cls(key_id, secret, role)

    def role_arn(self, stack: Stack, account: str) -> str:
        """The role that a stack is deployed as, in its account."""
        name = self.role.replace("{project}", stack.name.project).replace("{stack}", stack.name.stack)
        return name if name.startswith("arn:") else f"arn:aws:iam::{account}:role/{name.lstrip('/')}"

    def settings(self, root: Mapping[str, str], stack: Stack, account: str) -> dict[str, str]:
        """The variables of a stack's run, from those of its account's root. Blocks while a role is taken.

        Raises CloudError when the cloud refuses the role.
        """
        own = dict(root)
        if self.key_id:
            own |= {"AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret}
        return own | _taken(own, self.role_arn(stack, account), stack) if self.role else own

    def refuse_aws(self, stack: Stack) -> None:
        """Raise UsageError when a role is given for a stack on AWS, where the stack's own configuration says it."""
        if self.role:
            hint = 'set it in the stack\'s configuration: aws:assumeRoles: [{"roleArn": "..."}]'
            raise errors.UsageError(f"--as-role is for the embedded cloud, and {stack.name.short} is on AWS", hint=hint)


def withheld(environ: Mapping[str, str]) -> dict[str, str]:
    """The same without the user's own key: a program gets only what its stack is deployed with."""
    return {name: value for name, value in environ.items() if name not in (KEY_ID, SECRET)}


def _taken(own: Mapping[str, str], arn: str, stack: Stack) -> dict[str, str]:
    from botocore.exceptions import ClientError  # lazy: botocore takes 0.1 s, and most runs take no role

    from stackyard.providers import base  # lazy: as above
    from stackyard.providers.aws import connections, settings  # lazy: as above

    read = settings.read(base.Settings({}, own))
    try:
        answer: Any = (
            connections.connect(read)
            .client("sts", read.region)
            .assume_role(RoleArn=arn, RoleSessionName=f"{stack.name.project}.{stack.name.stack}"[:64])
        )
    except ClientError as fault:
        code = fault.response.get("Error", {}).get("Code", "")
        raise errors.CloudError(
            f"{stack.name.short} cannot be deployed as {arn}: {code}: {fault.response['Error'].get('Message', '')}",
            hint="the role must trust who runs this, and they must be allowed sts:AssumeRole on it",
        ) from None
    keys = answer["Credentials"]
    return {**{name: keys[key] for key, name in _NAMED.items()}, "AWS_SESSION_TOKEN": keys["SessionToken"]}


__all__ = ["KEY_ID", "SECRET", "Deployer", "withheld"]
