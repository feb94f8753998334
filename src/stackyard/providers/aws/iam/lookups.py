"""Looks up IAM roles, policies and users."""

from __future__ import annotations

import re

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


def get_group(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getGroup:getGroup`."""
    name = arguments["groupName"]
    group = aws.iam.get_group(GroupName=name, MaxItems=1)["Group"]
    users = aws.pages("iam", "get_group", "Users", GroupName=name)
    names = {"arn": "Arn", "path": "Path", "userId": "UserId", "userName": "UserName"}
    return {
        "id": group["GroupId"],
        "groupId": group["GroupId"],
        "arn": group["Arn"],
        "path": group["Path"],
        "users": [{name: user[member] for name, member in names.items()} for user in users],
    }


def get_instance_profile(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getInstanceProfile:getInstanceProfile`."""
    profile = aws.iam.get_instance_profile(InstanceProfileName=arguments["name"])["InstanceProfile"]
    role: Properties = next(iter(profile.get("Roles", ())), {})
    return {
        "id": profile["InstanceProfileId"],
        "arn": profile["Arn"],
        "createDate": profile["CreateDate"].strftime(_TIME),
        "path": profile["Path"],
        "roleArn": role.get("Arn", ""),
        "roleId": role.get("RoleId", ""),
        "roleName": role.get("RoleName", ""),
    }


def get_open_id_connect_provider(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider`: by ARN or by URL."""
    host = str(arguments.get("url", "")).removeprefix("https://")
    arn = arguments.get("arn") or aws.arn("iam", f"oidc-provider/{host}", regional=False)
    found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return {
        "id": arn,
        "arn": arn,
        "url": found["Url"],
        "clientIdLists": found.get("ClientIDList", []),
        "thumbprintLists": found.get("ThumbprintList", []),
        "tags": mapping(found.get("Tags")),
    }


def get_roles(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getRoles:getRoles`: roles whose name matches, below a path."""
    roles = list(aws.pages("iam", "list_roles", "Roles", PathPrefix=arguments.get("pathPrefix") or "/"))
    matching = [role for role in roles if re.search(arguments.get("nameRegex") or "", role["RoleName"])]
    return {
        "id": aws.region,
        "arns": [role["Arn"] for role in matching],
        "names": [role["RoleName"] for role in matching],
    }


def get_session_context(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getSessionContext:getSessionContext`: the role behind an assumed one; others are their own issuer."""
    arn = arguments["arn"]
    match = re.fullmatch(r"arn:[\w-]+:sts::\d{12}:assumed-role/(.+)/([^/]+)", arn)
    if not match:
        return {"id": arn, "issuerArn": arn, "issuerId": "", "issuerName": "", "sessionName": ""}
    role = aws.iam.get_role(RoleName=match[1].rpartition("/")[2])["Role"]
    return {
        "id": arn,
        "issuerArn": role["Arn"],
        "issuerId": role["RoleId"],
        "issuerName": role["RoleName"],
        "sessionName": match[2],
    }
