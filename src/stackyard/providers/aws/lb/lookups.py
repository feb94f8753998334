"""Load balancers, target groups and listeners that exist already, as their resources would tell them."""

from __future__ import annotations

from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import catalog, tagging
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tagging import Tagging

_TAGS = Tagging("elbv2", by="id", add="add_tags", remove="remove_tags", read="describe_tags")


def get_load_balancer(aws: Aws, arguments: Properties) -> Properties:
    """`aws:lb/getLoadBalancer:getLoadBalancer`: by ARN, name or tags."""
    where = _where(arguments, "LoadBalancerArns")
    listed = aws.pages("elbv2", "describe_load_balancers", "LoadBalancers", **where)
    return _told(aws, "LoadBalancer", [each["LoadBalancerArn"] for each in listed], arguments)


def get_target_group(aws: Aws, arguments: Properties) -> Properties:
    """`aws:lb/getTargetGroup:getTargetGroup`: by ARN, name or tags."""
    where = _where(arguments, "TargetGroupArns")
    listed = aws.pages("elbv2", "describe_target_groups", "TargetGroups", **where)
    return _told(aws, "TargetGroup", [each["TargetGroupArn"] for each in listed], arguments)


def get_listener(aws: Aws, arguments: Properties) -> Properties:
    """`aws:lb/getListener:getListener`: by ARN, or by load balancer and port."""
    where: dict[str, Any] = {"ListenerArns": [arguments["arn"]]} if arguments.get("arn") else {}
    if not where:
        where = {"LoadBalancerArn": arguments.get("loadBalancerArn") or ""}
    listed = aws.pages("elbv2", "describe_listeners", "Listeners", **where)
    ports = (None, arguments.get("port"))
    arns = [each["ListenerArn"] for each in listed if arguments.get("port") is None or each.get("Port") in ports]
    return _told(aws, "Listener", arns, arguments)


def _where(arguments: Properties, member: str) -> dict[str, Any]:
    if arguments.get("arn"):
        return {member: [arguments["arn"]]}
    return {"Names": [arguments["name"]]} if arguments.get("name") else {}


def _told(aws: Aws, name: str, arns: list[str], arguments: Properties) -> Properties:
    token, wanted = f"aws:lb/get{name}:get{name}", arguments.get("tags") or {}
    tagged = {arn: tagging.read(aws.elbv2, _TAGS, arn) for arn in arns}
    found = [arn for arn, tags in tagged.items() if wanted.items() <= tags.items()]
    if len(found) != 1:
        raise ProviderError(f"{token}: {len(found) or 'nothing'} found; the arguments must match exactly one")
    kind, known = catalog.kind(catalog.token("lb", name)), catalog.function(token)[1].outputs
    seen = kind.read(aws, found[0], {}) or {}
    told = {key: value for key, value in seen.items() if key in known}
    return {**told, "arn": found[0], "id": found[0], "tags": tagged[found[0]]}
