"""Where an application's images are kept, who may pull them and who may push them."""

import json

import pulumi
import pulumi_aws as aws

PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
]


class ImageRepository(pulumi.ComponentResource):
    """A scanned repository that forgets old images, a role that may only pull from it and one that may only push."""

    def __init__(self, name: str, *, path: str, kept: int, tags: dict[str, str]) -> None:
        super().__init__("storefront:platform:ImageRepository", name)
        below = pulumi.ResourceOptions(parent=self)
        self.repository = aws.ecr.Repository(
            name,
            name=path,
            force_delete=True,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            tags=tags,
            opts=below,
        )
        aws.ecr.LifecyclePolicy(name, repository=self.repository.name, policy=_forgetting(kept), opts=below)
        self.pull_role = self._role(f"{name}-pull", PULL, tags)
        self.push_role = self._role(f"{name}-push", PUSH, tags)
        self.register_outputs({"url": self.repository.repository_url})

    def _role(self, name: str, actions: list[str], tags: dict[str, str]) -> aws.iam.Role:
        """A role for principals of this account that may do `actions` on the repository, and nothing else."""
        account = aws.get_caller_identity_output().account_id
        trust = account.apply(
            lambda number: _document("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{number}:root"})
        )
        role = aws.iam.Role(name, assume_role_policy=trust, tags=tags, opts=pulumi.ResourceOptions(parent=self))
        aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=self.repository.arn.apply(lambda arn: _rights(actions, arn)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role

    @property
    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """What an application exports of it."""
        return {
            "repository": self.repository.name,
            "repository_url": self.repository.repository_url,
            "pull_role": self.pull_role.arn,
            "push_role": self.push_role.arn,
        }


def _document(action: str, **given: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **given}]})


def _rights(actions: list[str], repository: str) -> str:
    statements = [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": actions, "Resource": repository},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _forgetting(kept: int) -> str:
    rule = {
        "rulePriority": 1,
        "description": f"The newest {kept} images stay",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept},
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})
