"""Looks up IAM roles, policies and users."""

from __future__ import annotations

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import documents
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tagging import mapping

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def get_role(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getRole:getRole`."""
    role = aws.iam.get_role(RoleName=arguments["name"])["Role"]
    used = role.get("RoleLastUsed") or {}
    last = {"region": used.get("Region", ""), "lastUsedDate": used["LastUsedDate"].strftime(_TIME)} if used else {}
    return {
        "id": role["RoleName"],
        "arn": role["Arn"],
        "assumeRolePolicy": documents.text(role["AssumeRolePolicyDocument"]),
        "createDate": role["CreateDate"].strftime(_TIME),
        "description": role.get("Description", ""),
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "name": role["RoleName"],
        "path": role["Path"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "roleLastUseds": [last] if last else [],
        "tags": mapping(role.get("Tags")),
        "uniqueId": role["RoleId"],
    }


def get_policy(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getPolicy:getPolicy`: by ARN, or by name and path prefix."""
    arn = arguments.get("arn") or _by_name(aws, arguments)
    policy = aws.iam.get_policy(PolicyArn=arn)["Policy"]
    version = aws.iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {
        "id": arn,
        "arn": arn,
        "attachmentCount": policy.get("AttachmentCount", 0),
        "description": policy.get("Description", ""),
        "name": policy["PolicyName"],
        "path": policy["Path"],
        "policy": documents.text(version["Document"]),
        "policyId": policy["PolicyId"],
        "tags": mapping(policy.get("Tags")),
    }


def _by_name(aws: Aws, arguments: Properties) -> str:
    prefix = arguments.get("pathPrefix", "/")
    for scope in ("Local", "AWS"):
        for policy in aws.pages("iam", "list_policies", "Policies", PathPrefix=prefix, Scope=scope):
            if policy["PolicyName"] == arguments.get("name"):
                return str(policy["Arn"])
    raise ProviderError(f"aws:iam/getPolicy:getPolicy: no policy is called {arguments.get('name')!r}")


def get_user(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getUser:getUser`."""
    user = aws.iam.get_user(UserName=arguments["userName"])["User"]
    return {
        "id": user["UserId"],
        "arn": user["Arn"],
        "path": user["Path"],
        "permissionsBoundary": user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "tags": mapping(user.get("Tags")),
        "userId": user["UserId"],
        "userName": user["UserName"],
    }
