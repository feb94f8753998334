"""The block of public access for a whole account. The id is the account."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed

_FLAGS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


class AccountPublicAccessBlock(Kind):
    """`aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock`."""

    naming = None
    overwrites = True
    defaults = fixed(**dict.fromkeys(_FLAGS, False))
    replaces = ("accountId",)
    computed = ("accountId",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        id = str(self.identify(aws, inputs))
        self._put(aws, id, inputs)
        return id

    def _put(self, aws: Aws, account: str, inputs: Properties) -> None:
        wanted = {member: inputs[name] for name, member in _FLAGS.items()}
        control = aws.client("s3control")
        control.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=wanted)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.client("s3control").get_public_access_block(AccountId=id)["PublicAccessBlockConfiguration"]
        return {"accountId": id, **{name: found.get(member, False) for name, member in _FLAGS.items()}}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.client("s3control").delete_public_access_block(AccountId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs.get("accountId") or aws.account)
