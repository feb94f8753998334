"""Groups of users, and who is in them."""

from __future__ import annotations

from typing import Final

from stackyard.model.values import Properties
from stackyard.providers.aws.cognito.parts import Inside
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given

_GROUP: Final = given(UserPoolId="$userPoolId", GroupName="$name")
_MEMBER: Final = given(UserPoolId="$userPoolId", GroupName="$groupName", Username="$username")


class UserGroup(Inside):
    """`aws:cognito/userGroup:UserGroup`."""

    naming = Naming(limit=128)
    names = given(name="GroupName")
    replaces = ("name", "userPoolId")
    making = Call("create_group")
    reading = Call("get_group", _GROUP, at="Group")
    changing = (Call("update_group", _GROUP),)
    removing = Call("delete_group", _GROUP)

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """A description is cleared by sending it empty."""
        call = self.changing[0]
        arguments = self.arguments(aws, call, change.new, change.new)
        self.call(aws, call, {"Description": "", **arguments})


class UserInGroup(Inside):
    """`aws:cognito/userInGroup:UserInGroup`."""

    places = ("userPoolId", "groupName", "username")
    replaces = places
    making = Call("admin_add_user_to_group")
    removing = Call("admin_remove_user_from_group", _MEMBER)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        place = self.place(id)
        pool, name = place["userPoolId"], place["username"]
        groups = aws.pages(self.service, "admin_list_groups_for_user", "Groups", UserPoolId=pool, Username=name)
        return place if any(group["GroupName"] == place["groupName"] for group in groups) else None
