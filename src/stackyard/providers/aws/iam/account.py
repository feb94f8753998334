"""What an account has once: its alias and its password policy."""

from __future__ import annotations

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed

_POLICY = {
    "allowUsersToChangePassword": "AllowUsersToChangePassword",
    "hardExpiry": "HardExpiry",
    "maxPasswordAge": "MaxPasswordAge",
    "minimumPasswordLength": "MinimumPasswordLength",
    "passwordReusePrevention": "PasswordReusePrevention",
    "requireLowercaseCharacters": "RequireLowercaseCharacters",
    "requireNumbers": "RequireNumbers",
    "requireSymbols": "RequireSymbols",
    "requireUppercaseCharacters": "RequireUppercaseCharacters",
}


class AccountAlias(Kind):
    """`aws:iam/accountAlias:AccountAlias`. The id is the alias."""

    naming = None
    replaces = ("accountAlias",)
    delete_first = True

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.iam.create_account_alias(AccountAlias=inputs["accountAlias"])
        return str(inputs["accountAlias"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        return {"accountAlias": id} if id in aws.pages("iam", "list_account_aliases", "AccountAliases") else None

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.iam.delete_account_alias(AccountAlias=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["accountAlias"])


class AccountPasswordPolicy(Kind):
    """`aws:iam/accountPasswordPolicy:AccountPasswordPolicy`. The id is a constant, as it is for Terraform."""

    naming = None
    overwrites = True
    defaults = fixed(allowUsersToChangePassword=True, minimumPasswordLength=6)
    computed = tuple(name for name in _POLICY if name not in ("allowUsersToChangePassword", "minimumPasswordLength"))
    affects = fixed(maxPasswordAge=("expirePasswords",))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return "iam-account-password-policy"

    def _put(self, aws: Aws, inputs: Properties) -> None:
        given = {member: inputs[name] for name, member in _POLICY.items() if inputs.get(name) not in (None, 0)}
        aws.iam.update_account_password_policy(**given)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.iam.get_account_password_policy()["PasswordPolicy"]
        outputs = {name: found[member] for name, member in _POLICY.items() if found.get(member) is not None}
        return {**outputs, "expirePasswords": found.get("ExpirePasswords", False)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.iam.delete_account_password_policy()

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return "iam-account-password-policy"


def get_account_alias(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getAccountAlias:getAccountAlias`."""
    alias = next(aws.pages("iam", "list_account_aliases", "AccountAliases"), None)
    if alias is None:
        raise ProviderError("aws:iam/getAccountAlias:getAccountAlias: the account has no alias")
    return {"id": alias, "accountAlias": alias}
