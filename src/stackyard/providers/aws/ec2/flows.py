"""Flow logs of VPCs, subnets, interfaces and transit gateways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import pairs

_OF: Final = {
    "vpcId": ("VPC", "vpc-"),
    "subnetId": ("Subnet", "subnet-"),
    "eniId": ("NetworkInterface", "eni-"),
    "transitGatewayId": ("TransitGateway", "tgw-"),
    "transitGatewayAttachmentId": ("TransitGatewayAttachment", "tgw-attach-"),
}
_LATE: Final = ("Unable to assume given IAM role",)


class FlowLog(Tagged):
    """`aws:ec2/flowLog:FlowLog`. Nothing but its tags can change."""

    resource_type = "vpc-flow-log"
    id = "FlowLogId"
    defaults = fixed(logDestinationType="cloud-watch-logs", maxAggregationInterval=600)
    names = given(iamRoleArn="DeliverLogsPermissionArn")
    replaces = (
        *_OF,
        "deliverCrossAccountRole",
        "destinationOptions",
        "iamRoleArn",
        "logDestination",
        "logDestinationType",
        "logFormat",
        "maxAggregationInterval",
        "trafficType",
    )
    computed = ("logDestination", "logFormat")
    unsupported = ("regionalNatGatewayId", "tagFieldSpecifications")
    making = Call("create_flow_logs")
    reading = Call("describe_flow_logs", given(FlowLogIds=["$id"]), at="FlowLogs[0]")
    removing = Call("delete_flow_logs", given(FlowLogIds=["$id"]))

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        said = [name for name in _OF if inputs.get(name)]
        if len(said) != 1:
            yield CheckFailure("vpcId", f"a flow log is of exactly one of {', '.join(_OF)}")
        group = inputs.get("logDestinationType") in ("cloud-watch-logs", UNKNOWN)
        if not group and not inputs.get("logDestination"):
            yield CheckFailure("logDestination", "is required unless it logs to CloudWatch Logs")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        name = next(name for name in _OF if inputs.get(name))
        arguments |= {"ResourceIds": [inputs[name]], "ResourceType": _OF[name][0], "ClientToken": token[:64]}
        if name.startswith("transitGateway"):
            arguments.pop("TrafficType", None)
        else:
            arguments.setdefault("TrafficType", "ALL")
        if inputs.get("tagsAll"):
            arguments["TagSpecifications"] = [{"ResourceType": self.resource_type, "Tags": pairs(inputs["tagsAll"])}]
        answer = aws.persist(lambda: aws.ec2.create_flow_logs(**arguments), *_LATE)
        for refused in answer.get("Unsuccessful") or ():
            fault = refused.get("Error", {})
            raise errors.ProviderError(f"{self.token}: create: {fault.get('Code', '')}: {fault.get('Message', '')}")
        return str(answer["FlowLogIds"][0])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        of = str(found["ResourceId"])
        name = max((name for name, (_, start) in _OF.items() if of.startswith(start)), key=lambda n: len(_OF[n][1]))
        return {**outputs, name: of}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: {', '.join(sorted(change.keys))} cannot be changed in place")
