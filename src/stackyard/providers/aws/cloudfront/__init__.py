"""Amazon CloudFront: distributions, what may read their origins, and how they cache."""

TYPES = {
    "CachePolicy": "policies",
    "Distribution": "distributions",
    "Function": "functions",
    "OriginAccessControl": "access",
    "OriginAccessIdentity": "access",
    "OriginRequestPolicy": "policies",
    "ResponseHeadersPolicy": "policies",
}
FUNCTIONS = {"getCachePolicy": "policies", "getOriginRequestPolicy": "policies"}
