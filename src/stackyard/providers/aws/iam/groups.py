"""Groups and who is in them."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming


class Group(Kind):
    """`aws:iam/group:Group`. The id is the name."""

    naming = Naming(limit=128)
    defaults = fixed(path="/")
    replaces = ("name",)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("iam", f"group{inputs['path']}{inputs['name']}", regional=False)}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        return str(aws.iam.create_group(GroupName=inputs["name"], Path=inputs["path"])["Group"]["GroupName"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group = aws.iam.get_group(GroupName=id, MaxItems=1)["Group"]
        return {"arn": group["Arn"], "name": id, "path": group["Path"], "uniqueId": group["GroupId"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.iam.update_group(GroupName=id, NewPath=change.new["path"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.iam.delete_group(GroupName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class GroupMembership(Kind):
    """`aws:iam/groupMembership:GroupMembership`: all users of one group. The id is its name."""

    naming = Naming(limit=128)
    replaces = ("name", "group")
    sets = ("users",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._bring(aws, inputs["group"], [], inputs["users"])
        return str(inputs["name"])

    def _bring(self, aws: Aws, group: str, old: list[str], new: list[str]) -> None:
        for user in sorted({*new} - {*old}):
            aws.iam.add_user_to_group(GroupName=group, UserName=user)
        for user in sorted({*old} - {*new}):
            aws.iam.remove_user_from_group(GroupName=group, UserName=user)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        if not known.get("group"):
            return None
        users = sorted(user["UserName"] for user in aws.pages("iam", "get_group", "Users", GroupName=known["group"]))
        return {"name": id, "group": known["group"], "users": users} if users else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._bring(aws, change.new["group"], change.old["users"], change.new["users"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._bring(aws, known["group"], known["users"], [])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class UserGroupMembership(Kind):
    """`aws:iam/userGroupMembership:UserGroupMembership`: some groups of one user. The id is `<user>/<group>/…`."""

    naming = None
    replaces = ("user",)
    sets = ("groups",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._bring(aws, inputs["user"], [], inputs["groups"])
        return "/".join((inputs["user"], *sorted(inputs["groups"])))

    def _bring(self, aws: Aws, user: str, old: list[str], new: list[str]) -> None:
        for group in sorted({*new} - {*old}):
            aws.iam.add_user_to_group(GroupName=group, UserName=user)
        for group in sorted({*old} - {*new}):
            aws.iam.remove_user_from_group(GroupName=group, UserName=user)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        user, *named = id.split("/")
        user, wanted = known.get("user", user), set(known.get("groups", named))
        found = aws.pages("iam", "list_groups_for_user", "Groups", UserName=user)
        groups = sorted({group["GroupName"] for group in found} & wanted)
        return {"user": user, "groups": groups} if groups else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._bring(aws, change.new["user"], change.old["groups"], change.new["groups"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._bring(aws, known["user"], known["groups"], [])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return "/".join((inputs["user"], *sorted(inputs["groups"])))
