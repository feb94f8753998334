"""Listeners and their rules, which share their actions. The ids are ARNs."""

from __future__ import annotations

from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind
from stackyard.providers.aws.tagging import Tagging, mapping, pairs

TAGS: Final = Tagging("elbv2", by="id", add="add_tags", remove="remove_tags", read="describe_tags")
ACTIONS: Final = ("forward", "redirect", "fixed-response")
REDIRECT: Final = {
    "host": "Host",
    "path": "Path",
    "port": "Port",
    "protocol": "Protocol",
    "query": "Query",
    "statusCode": "StatusCode",
}
FIXED: Final = {"contentType": "ContentType", "messageBody": "MessageBody", "statusCode": "StatusCode"}
CONDITIONS: Final = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "queryStrings": ("query-string", "QueryStringConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def actions(wanted: list[Properties]) -> list[dict[str, Any]]:
    """Actions as the service takes them, in the order of the program unless they say theirs."""
    return [_action(number, each) for number, each in enumerate(wanted, 1)]


def _action(number: int, wanted: Properties) -> dict[str, Any]:
    said: dict[str, Any] = {"Type": wanted["type"], "Order": int(wanted.get("order") or number)}
    if wanted.get("targetGroupArn"):
        said["TargetGroupArn"] = wanted["targetGroupArn"]
    if wanted.get("forward"):
        said["ForwardConfig"] = _forward(wanted["forward"])
    if wanted.get("redirect"):
        said["RedirectConfig"] = {
            member: wanted["redirect"][name] for name, member in REDIRECT.items() if wanted["redirect"].get(name)
        }
    if wanted.get("fixedResponse"):
        fixed = wanted["fixedResponse"]
        said["FixedResponseConfig"] = {member: fixed[name] for name, member in FIXED.items() if fixed.get(name)}
    return said


def _forward(wanted: Properties) -> dict[str, Any]:
    groups = [{"TargetGroupArn": each["arn"], "Weight": int(each.get("weight", 1))} for each in wanted["targetGroups"]]
    sticky = wanted.get("stickiness")
    if not sticky:
        return {"TargetGroups": groups}
    config = {"Enabled": bool(sticky.get("enabled")), "DurationSeconds": int(sticky["duration"])}
    return {"TargetGroups": groups, "TargetGroupStickinessConfig": config}


def seen(found: list[dict[str, Any]], known: list[Properties]) -> list[Properties]:
    """Described actions; a lone target group is shown where the program wrote it."""
    return [
        _seen(each, known[index] if index < len(known) else {})
        for index, each in enumerate(sorted(found, key=lambda each: int(each.get("Order", 0))))
    ]


def _seen(found: dict[str, Any], known: Properties) -> Properties:
    shown: Properties = {"type": found["Type"]}
    if found.get("Order"):
        shown["order"] = found["Order"]
    groups = found.get("ForwardConfig", {}).get("TargetGroups") or []
    if known.get("forward") or len(groups) > 1:
        listed = [{"arn": each["TargetGroupArn"], "weight": each.get("Weight", 1)} for each in groups]
        shown["forward"] = {"targetGroups": listed}
        sticky = found.get("ForwardConfig", {}).get("TargetGroupStickinessConfig") or {}
        if sticky.get("Enabled"):
            shown["forward"]["stickiness"] = {"enabled": True, "duration": sticky["DurationSeconds"]}
    elif found.get("TargetGroupArn") or groups:
        shown["targetGroupArn"] = found.get("TargetGroupArn") or groups[0]["TargetGroupArn"]
    for name, member, names in (
        ("redirect", "RedirectConfig", REDIRECT),
        ("fixedResponse", "FixedResponseConfig", FIXED),
    ):
        if found.get(member):
            shown[name] = {property: found[member][key] for property, key in names.items() if found[member].get(key)}
    return shown


def _wrong(inputs: Properties, name: str) -> list[CheckFailure]:
    for index, action in enumerate(inputs.get(name) or ()):
        kind = action.get("type") if isinstance(action, dict) else UNKNOWN
        if kind is not UNKNOWN and kind not in ACTIONS:
            return [
                CheckFailure(
                    f"{name}[{index}].type", f"must be one of {', '.join(ACTIONS)}; others are not supported yet"
                )
            ]
    return []


class Listener(Kind):
    """`aws:lb/listener:Listener`."""

    naming = None
    replaces = ("loadBalancerArn",)
    computed = ("defaultActions[*].order", "protocol", "sslPolicy")
    unsupported = (
        "mutualAuthentication",
        "tcpIdleTimeoutSeconds",
        "routingHttpRequestXAmznMtlsClientcertHeaderName",
        "routingHttpRequestXAmznMtlsClientcertIssuerHeaderName",
        "routingHttpRequestXAmznMtlsClientcertLeafHeaderName",
        "routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName",
        "routingHttpRequestXAmznMtlsClientcertSubjectHeaderName",
        "routingHttpRequestXAmznMtlsClientcertValidityHeaderName",
        "routingHttpRequestXAmznTlsCipherSuiteHeaderName",
        "routingHttpRequestXAmznTlsVersionHeaderName",
        "routingHttpResponseAccessControlAllowCredentialsHeaderValue",
        "routingHttpResponseAccessControlAllowHeadersHeaderValue",
        "routingHttpResponseAccessControlAllowMethodsHeaderValue",
        "routingHttpResponseAccessControlAllowOriginHeaderValue",
        "routingHttpResponseAccessControlExposeHeadersHeaderValue",
        "routingHttpResponseAccessControlMaxAgeHeaderValue",
        "routingHttpResponseContentSecurityPolicyHeaderValue",
        "routingHttpResponseServerEnabled",
        "routingHttpResponseStrictTransportSecurityHeaderValue",
        "routingHttpResponseXContentTypeOptionsHeaderValue",
        "routingHttpResponseXFrameOptionsHeaderValue",
    )
    found_by = FoundBy.TAG
    tagging = TAGS

    def check(self, inputs: Properties) -> list[CheckFailure]:
        return _wrong(inputs, "defaultActions")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = {"Tags": pairs(inputs["tagsAll"])} if inputs.get("tagsAll") else {}
        made = aws.elbv2.create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **self._settings(aws, inputs), **tags
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def _settings(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        certificate = inputs.get("certificateArn")
        optional = {
            "Port": int(inputs["port"]) if inputs.get("port") else None,
            # An application load balancer needs one, and speaks HTTP unless told otherwise.
            "Protocol": inputs.get("protocol") or ("HTTP" if "/app/" in inputs["loadBalancerArn"] else None),
            "SslPolicy": inputs.get("sslPolicy"),
            "AlpnPolicy": [inputs["alpnPolicy"]] if inputs.get("alpnPolicy") else None,
            "Certificates": [{"CertificateArn": certificate}] if certificate else None,
        }
        given = {name: value for name, value in optional.items() if value}
        return {"DefaultActions": actions(inputs["defaultActions"]), **given}

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        listed = aws.elbv2.describe_listeners(ListenerArns=[id])["Listeners"]
        if not listed:
            return None
        found = listed[0]
        outputs: Properties = {
            "arn": id,
            "defaultActions": seen(found["DefaultActions"], known.get("defaultActions") or []),
            "loadBalancerArn": found["LoadBalancerArn"],
            "port": found.get("Port"),
            "protocol": found.get("Protocol", ""),
            "sslPolicy": found.get("SslPolicy", ""),
        }
        for certificate in (found.get("Certificates") or [])[:1]:
            outputs["certificateArn"] = certificate["CertificateArn"]
        for policy in (found.get("AlpnPolicy") or [])[:1]:
            outputs["alpnPolicy"] = policy
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.elbv2.modify_listener(ListenerArn=id, **self._settings(aws, change.new))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.elbv2.delete_listener(ListenerArn=id)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        listed = aws.pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=inputs["loadBalancerArn"])
        return _carrying(aws, [each["ListenerArn"] for each in listed], token)


class ListenerRule(Kind):
    """`aws:lb/listenerRule:ListenerRule`."""

    naming = None
    replaces = ("listenerArn",)
    sets = ("conditions",)
    computed = ("actions[*].order", "priority")
    unsupported = ("transforms",)
    found_by = FoundBy.TAG
    tagging = TAGS

    def check(self, inputs: Properties) -> list[CheckFailure]:
        return _wrong(inputs, "actions")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        listener = inputs["listenerArn"]
        made = aws.elbv2.create_rule(
            ListenerArn=listener,
            Priority=int(inputs.get("priority") or self._next(aws, listener)),
            Conditions=_conditions(inputs["conditions"]),
            Actions=actions(inputs["actions"]),
            Tags=pairs(inputs.get("tagsAll")),
        )
        return str(made["Rules"][0]["RuleArn"])

    def _next(self, aws: Aws, listener: str) -> int:
        """The priority after the highest that is taken, as Terraform chooses."""
        rules = aws.pages("elbv2", "describe_rules", "Rules", ListenerArn=listener)
        return max((int(each["Priority"]) for each in rules if each["Priority"] != "default"), default=0) + 1

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        listed = aws.elbv2.describe_rules(RuleArns=[id])["Rules"]
        if not listed:
            return None
        found = listed[0]
        listener = id.replace(":listener-rule/", ":listener/").rpartition("/")[0]
        return {
            "actions": seen(found["Actions"], known.get("actions") or []),
            "arn": id,
            "conditions": [_condition(each) for each in found["Conditions"]],
            "listenerArn": known.get("listenerArn") or listener,
            "priority": int(found["Priority"]),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("priority") and change.new.get("priority"):
            wanted = [{"RuleArn": id, "Priority": int(change.new["priority"])}]
            aws.elbv2.set_rule_priorities(RulePriorities=wanted)
        if change.any("actions", "conditions"):
            aws.elbv2.modify_rule(
                RuleArn=id, Actions=actions(change.new["actions"]), Conditions=_conditions(change.new["conditions"])
            )

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.elbv2.delete_rule(RuleArn=id)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        listed = aws.pages("elbv2", "describe_rules", "Rules", ListenerArn=inputs["listenerArn"])
        return _carrying(aws, [each["RuleArn"] for each in listed if not each.get("IsDefault")], token)


def _carrying(aws: Aws, arns: list[str], token: str) -> str | None:
    """The one of `arns` with the token's tag; twenty are asked for at a time, as the service allows."""
    for start in range(0, len(arns), 20):
        described = aws.elbv2.describe_tags(ResourceArns=arns[start : start + 20])["TagDescriptions"]
        for each in described:
            if mapping(each["Tags"]).get("stackyard:token") == token:
                return str(each["ResourceArn"])
    return None


def _conditions(wanted: list[Properties]) -> list[dict[str, Any]]:
    found = []
    for condition in wanted:
        for name, (field, member) in CONDITIONS.items():
            said = condition.get(name)
            if not said:
                continue
            if name == "queryStrings":
                values: Any = [{k.capitalize(): v for k, v in each.items() if v} for each in said]
            else:
                values = said["values"]
            header = {"HttpHeaderName": said["httpHeaderName"]} if name == "httpHeader" else {}
            found.append({"Field": field, member: {**header, "Values": values}})
    return found


def _condition(found: dict[str, Any]) -> Properties:
    for name, (field, member) in CONDITIONS.items():
        if found["Field"] != field:
            continue
        values = found.get(member, {}).get("Values") or found.get("Values") or []
        if name == "queryStrings":
            return {name: [{key.lower(): value for key, value in each.items()} for each in values]}
        header = {"httpHeaderName": found[member]["HttpHeaderName"]} if name == "httpHeader" else {}
        return {name: {**header, "values": values}}
    return {}
