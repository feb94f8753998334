"""Amazon Cognito: user pools, their clients, domains, groups and users."""

TYPES = {
    "ResourceServer": "servers",
    "User": "users",
    "UserGroup": "groups",
    "UserInGroup": "groups",
    "UserPool": "pools",
    "UserPoolClient": "clients",
    "UserPoolDomain": "servers",
}
FUNCTIONS: dict[str, str] = {}
