"""Code repositories: one an application, with a protected main branch. Simulated: nothing is made on GitHub."""

import sys
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "packages"))

from platform_services.saas import BranchProtection, Repository

organization = pulumi.Config().require("organization")
for name in ("catalog", "checkout"):
    repository = Repository(name, {"description": f"The {name} of {organization}", "visibility": "private"})
    BranchProtection(
        name,
        {"repositoryId": name, "pattern": "main", "requiredPullRequestReviews": [{"requiredApprovingReviewCount": 2}]},
        pulumi.ResourceOptions(depends_on=[repository]),
    )
pulumi.export("organization", organization)
