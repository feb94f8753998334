"""AWS IAM: roles, policies, users, groups, keys and identity providers. A global service: no regions."""

TYPES = {
    "AccessKey": "users",
    "Group": "groups",
    "GroupMembership": "groups",
    "GroupPolicy": "inline",
    "GroupPolicyAttachment": "attachments",
    "InstanceProfile": "profiles",
    "OpenIdConnectProvider": "providers",
    "Policy": "policies",
    "PolicyAttachment": "attachments",
    "Role": "roles",
    "RolePolicy": "inline",
    "RolePolicyAttachment": "attachments",
    "User": "users",
    "UserGroupMembership": "groups",
    "UserPolicy": "inline",
    "UserPolicyAttachment": "attachments",
}
FUNCTIONS = {"getPolicy": "lookups", "getPolicyDocument": "documents", "getRole": "lookups", "getUser": "lookups"}
