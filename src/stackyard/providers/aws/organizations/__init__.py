"""AWS Organizations: the organization, its units, accounts and policies."""

TYPES = {
    "Account": "accounts",
    "Organization": "organization",
    "OrganizationalUnit": "units",
    "Policy": "policies",
    "PolicyAttachment": "policies",
}
FUNCTIONS = {
    "getOrganization": "organization",
}
