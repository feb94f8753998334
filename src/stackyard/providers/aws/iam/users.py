"""Users and their access keys."""

from __future__ import annotations

import base64
import hashlib
import hmac

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Created, FoundBy, Kind, Unsure, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


class User(Kind):
    """`aws:iam/user:User`. The id is the name."""

    naming = Naming(limit=64)
    defaults = fixed(forceDestroy=False, path="/")
    replaces = ("name",)
    tagging = Tagging("iam", by="id", add="tag_user", remove="untag_user", read="")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("iam", f"user{inputs['path']}{inputs['name']}", regional=False)}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        boundary = inputs.get("permissionsBoundary")
        more = {"PermissionsBoundary": boundary} if boundary else {}
        tags = pairs(inputs.get("tagsAll"))
        return str(
            aws.iam.create_user(UserName=inputs["name"], Path=inputs["path"], Tags=tags, **more)["User"]["UserName"]
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        user = aws.iam.get_user(UserName=id)["User"]
        return {
            "arn": user["Arn"],
            "name": user["UserName"],
            "path": user["Path"],
            "permissionsBoundary": user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "tags": mapping(user.get("Tags")),
            "uniqueId": user["UserId"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("path"):
            aws.iam.update_user(UserName=id, NewPath=change.new["path"])
        if change.any("permissionsBoundary"):
            if change.new.get("permissionsBoundary"):
                aws.iam.put_user_permissions_boundary(
                    UserName=id, PermissionsBoundary=change.new["permissionsBoundary"]
                )
            else:
                aws.iam.delete_user_permissions_boundary(UserName=id)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        for group in list(aws.pages("iam", "list_groups_for_user", "Groups", UserName=id)):
            aws.iam.remove_user_from_group(GroupName=group["GroupName"], UserName=id)
        if known.get("forceDestroy") is True:
            self._strip(aws, id)
        aws.iam.delete_user(UserName=id)

    def _strip(self, aws: Aws, id: str) -> None:
        """Remove what makes AWS refuse the deletion of a user."""
        for key in list(aws.pages("iam", "list_access_keys", "AccessKeyMetadata", UserName=id)):
            aws.iam.delete_access_key(UserName=id, AccessKeyId=key["AccessKeyId"])
        for policy in list(aws.pages("iam", "list_attached_user_policies", "AttachedPolicies", UserName=id)):
            aws.iam.detach_user_policy(UserName=id, PolicyArn=policy["PolicyArn"])
        for name in list(aws.pages("iam", "list_user_policies", "PolicyNames", UserName=id)):
            aws.iam.delete_user_policy(UserName=id, PolicyName=name)
        try:
            aws.iam.delete_login_profile(UserName=id)
        except aws.iam.exceptions.NoSuchEntityException:
            return

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class AccessKey(Kind):
    """`aws:iam/accessKey:AccessKey`. The id is the key's; AWS shows the secret once."""

    naming = None
    defaults = fixed(status="Active")
    replaces = ("user", "pgpKey")
    unsupported = ("pgpKey",)
    found_by = FoundBy.TOKEN

    def create(self, aws: Aws, inputs: Properties, token: str) -> Created:
        key = aws.iam.create_access_key(UserName=inputs["user"])["AccessKey"]
        secret = key["SecretAccessKey"]
        once = {"secret": secret, "sesSmtpPasswordV4": ses_password(secret, aws.region)}
        return Created(str(key["AccessKeyId"]), once)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["status"] != "Active":
            aws.iam.update_access_key(UserName=inputs["user"], AccessKeyId=id, Status=inputs["status"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        user = known.get("user") or aws.iam.get_access_key_last_used(AccessKeyId=id)["UserName"]
        keys = aws.pages("iam", "list_access_keys", "AccessKeyMetadata", UserName=user)
        key = next((key for key in keys if key["AccessKeyId"] == id), None)
        if key is None:
            return None
        created = key["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"user": user, "status": key["Status"], "createDate": created}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.iam.update_access_key(UserName=change.new["user"], AccessKeyId=id, Status=change.new["status"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.iam.delete_access_key(UserName=known["user"], AccessKeyId=id)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        keys = list(aws.pages("iam", "list_access_keys", "AccessKeyMetadata", UserName=inputs["user"]))
        if keys:
            raise Unsure(f"user {inputs['user']} has keys whose secret nobody can read again: delete the unused one")
        return None


def ses_password(secret: str, region: str) -> str:
    """The SMTP password that SES derives from a secret key (SES developer guide, "SMTP credentials")."""
    key = ("AWS4" + secret).encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + key).decode()
