"""Attaching load balancers to groups beside the groups' own lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind


class Attachment(Kind):
    """`aws:autoscaling/attachment:Attachment`; its id is a digest, so that it cannot be imported."""

    naming = None
    replaces = ("autoscalingGroupName", "elb", "lbTargetGroupArn")
    gone = ("ValidationError:not found", "ValidationError:Trying to remove")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if bool(inputs.get("elb")) == bool(inputs.get("lbTargetGroupArn")):
            yield CheckFailure("lbTargetGroupArn", "an attachment is of either an elb or a lbTargetGroupArn")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._call(aws, "attach", inputs)
        return self._id(inputs)

    def _call(self, aws: Aws, verb: str, known: Properties) -> None:
        said: dict[str, Any] = {"AutoScalingGroupName": known["autoscalingGroupName"]}
        if known.get("elb"):
            getattr(aws.autoscaling, f"{verb}_load_balancers")(**said, LoadBalancerNames=[known["elb"]])
        else:
            call = getattr(aws.autoscaling, f"{verb}_load_balancer_target_groups")
            call(**said, TargetGroupARNs=[known["lbTargetGroupArn"]])

    def _id(self, known: Properties) -> str:
        text = f"{known['autoscalingGroupName']}-{known.get('elb') or known.get('lbTargetGroupArn')}"
        return f"{known['autoscalingGroupName']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        if not known.get("autoscalingGroupName"):
            raise errors.ProviderError(f"{self.token}: an attachment cannot be adopted by its id alone")
        groups = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[known["autoscalingGroupName"]])
        found = next(iter(groups["AutoScalingGroups"]), None) or {}
        attached = [*(found.get("LoadBalancerNames") or ()), *(found.get("TargetGroupARNs") or ())]
        return {} if (known.get("elb") or known.get("lbTargetGroupArn")) in attached else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: nothing of an attachment can be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._call(aws, "detach", known)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)
