"""Users of a pool. Passwords go in and never come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws import tagging
from stackyard.providers.aws.cognito.parts import Inside
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, given

_USER: Final = given(UserPoolId="$userPoolId", Username="$username")


class User(Inside):
    """`aws:cognito/user:User`."""

    places = ("userPoolId", "username")
    names = given(attributes="UserAttributes", status="UserStatus", mfaSettingLists="UserMFASettingList",
                  preferredMfaSetting="PreferredMfaSetting", creationDate="UserCreateDate",
                  lastModifiedDate="UserLastModifiedDate")  # fmt: skip
    defaults = fixed(enabled=True)
    replaces = ("userPoolId", "username")
    computed = ("attributes",)
    volatile = ("lastModifiedDate", "status")
    write_only = ("clientMetadata", "desiredDeliveryMediums", "forceAliasCreation", "messageAction", "password",
                  "temporaryPassword", "validationData")  # fmt: skip
    making = Call("admin_create_user")
    reading = Call("admin_get_user", _USER)
    removing = Call("admin_delete_user", _USER)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("password") is not None and inputs.get("temporaryPassword") is not None:
            yield CheckFailure("password", "cannot go with temporaryPassword")

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("password"):
            self._set_password(aws, inputs, inputs["password"], permanent=True)
        if inputs.get("enabled") is False:
            aws.cognito_idp.admin_disable_user(**self._who(inputs))

    def _who(self, inputs: Properties) -> dict[str, str]:
        return {"UserPoolId": inputs["userPoolId"], "Username": inputs["username"]}

    def _set_password(self, aws: Aws, inputs: Properties, password: str, *, permanent: bool) -> None:
        aws.cognito_idp.admin_set_user_password(**self._who(inputs), Password=password, Permanent=permanent)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        attributes = tagging.mapping(found.get("UserAttributes"))
        sub = attributes.pop("sub", "")
        return {
            **outputs,
            "attributes": attributes,
            "sub": sub,
            "mfaSettingLists": outputs.get("mfaSettingLists") or [],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        client, new, who = aws.cognito_idp, change.new, self._who(change.new)
        if change.any("attributes"):
            old, wanted = (given_.get("attributes") or {} for given_ in (change.old, new))
            changed = {name: value for name, value in wanted.items() if old.get(name) != value}
            if changed:
                pairs = tagging.pairs(changed, "Name")
                metadata = new.get("clientMetadata") or {}
                client.admin_update_user_attributes(**who, UserAttributes=pairs, ClientMetadata=metadata)
            if old.keys() - wanted.keys():
                client.admin_delete_user_attributes(**who, UserAttributeNames=sorted(old.keys() - wanted.keys()))
        if change.any("enabled"):
            (client.admin_enable_user if new.get("enabled", True) else client.admin_disable_user)(**who)
        if change.any("password") and new.get("password"):
            self._set_password(aws, new, new["password"], permanent=True)
        if change.any("temporaryPassword") and new.get("temporaryPassword"):
            self._set_password(aws, new, new["temporaryPassword"], permanent=False)
