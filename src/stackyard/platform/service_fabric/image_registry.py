"""Where the images of applications are kept."""

from __future__ import annotations

import json
from typing import Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Settings
from stackyard.platform.components.tags import Tags

PULLS: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class ImageRegistrySettings(Settings):
    """`applications` are names of repositories, below the stage's own namespace.

    `keep_images` is how many tagged images each keeps; untagged ones go after `untagged_days`. Accounts of the AWS
    organization `organization_id` may pull, as runs in organizations' own accounts must; nobody else may without it.
    """

    applications: tuple[str, ...] = pydantic.Field(min_length=1)
    keep_images: int = pydantic.Field(default=30, ge=1, le=1000)
    untagged_days: int = pydantic.Field(default=7, ge=1)
    disposable: bool = False
    organization_id: str = pydantic.Field(default="", pattern=r"^(o-[a-z0-9]{10,32})?$")

    @pydantic.field_validator("applications")
    @classmethod
    def _distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("an application is named twice")
        return names


class ImageRegistry(Component):
    """Makes one ECR repository per application: tags do not move, images are scanned on push, old ones expire.

    Costs 0.10 USD per GB and month; the lifecycle policy keeps that bounded.
    """

    def __init__(
        self, name: str, settings: ImageRegistrySettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:ImageRegistry", name, tags, opts)
        made = {application: self._repository(application, settings) for application in settings.applications}
        self.repository_urls = {application: each.repository_url for application, each in made.items()}
        self.repository_arns = {application: each.arn for application, each in made.items()}
        self.register_outputs({"repository_urls": self.repository_urls, "repository_arns": self.repository_arns})

    def _repository(self, application: str, settings: ImageRegistrySettings) -> aws.ecr.Repository:
        repository = aws.ecr.Repository(
            application,
            name=f"{self.tags.environment.lower()}/{application}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            force_delete=settings.disposable,
            tags=self.tagged(application),
            opts=self.below(),
        )
        inside = pulumi.ResourceOptions(parent=repository)
        aws.ecr.LifecyclePolicy(
            application, repository=repository.name, policy=json.dumps(_lifecycle(settings)), opts=inside
        )
        if settings.organization_id:
            policy = policies.document(_may_pull(settings.organization_id))
            aws.ecr.RepositoryPolicy(application, repository=repository.name, policy=policy, opts=inside)
        return repository


def _may_pull(organization_id: str) -> policies.Statement:
    """A repository's policy names no resource: it is about the repository."""
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": list(PULLS),
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization_id}},
    }


def _lifecycle(settings: ImageRegistrySettings) -> dict[str, object]:
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": settings.untagged_days,
    }
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": settings.keep_images}
    said = ((1, "untagged images go", untagged), (2, "the newest stay", newest))
    rules = [
        {"rulePriority": rank, "description": words, "selection": selection, "action": {"type": "expire"}}
        for rank, words, selection in said
    ]
    return {"rules": rules}
