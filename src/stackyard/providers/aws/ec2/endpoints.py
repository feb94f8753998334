"""VPC endpoints: gateways in route tables, or interfaces in subnets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, given


class VpcEndpoint(Tagged):
    """`aws:ec2/vpcEndpoint:VpcEndpoint`."""

    resource_type = "vpc-endpoint"
    id = "VpcEndpointId"
    living = ("pendingAcceptance", "pending", "available", "PendingAcceptance", "Pending", "Available")
    names = given(policy="PolicyDocument", subnetIds="SubnetIds", routeTableIds="RouteTableIds")
    defaults = fixed(vpcEndpointType="Gateway")
    replaces = ("serviceName", "vpcEndpointType", "vpcId", "serviceRegion")
    documents = ("policy",)
    sets = ("routeTableIds", "securityGroupIds", "subnetIds")
    computed = (
        "dnsOptions",
        "ipAddressType",
        "policy",
        "privateDnsEnabled",
        "routeTableIds",
        "securityGroupIds",
        "serviceRegion",
        "subnetIds",
    )
    volatile = ("networkInterfaceIds", "dnsEntries")
    unsupported = ("autoAccept", "resourceConfigurationArn", "serviceNetworkArn", "subnetConfigurations")
    making = Call("create_vpc_endpoint", at="VpcEndpoint")
    reading = Call("describe_vpc_endpoints", given(VpcEndpointIds=["$id"]), at="VpcEndpoints[0]")
    removing = Call("delete_vpc_endpoints", given(VpcEndpointIds=["$id"]))
    waits_gone = True

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"VPC endpoint {id}", lambda: self._is_settled(aws, id))

    def _is_settled(self, aws: Aws, id: str) -> bool:
        state = self.call(aws, self.reading, {"VpcEndpointIds": [id]})["State"]
        return str(state).lower() in ("available", "pendingacceptance")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        outputs["securityGroupIds"] = [group["GroupId"] for group in found.get("Groups") or []]
        if found.get("VpcEndpointType") == "Gateway":
            name = found["ServiceName"]
            lists = aws.ec2.describe_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])
            first: Mapping[str, Any] = next(iter(lists.get("PrefixLists") or []), {})
            outputs["prefixListId"], outputs["cidrBlocks"] = first.get("PrefixListId"), first.get("Cidrs", [])
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        arguments: dict[str, Any] = {}
        for name, member in (
            ("routeTableIds", "RouteTable"),
            ("subnetIds", "Subnet"),
            ("securityGroupIds", "SecurityGroup"),
        ):
            if change.any(name):
                had, wanted = set(change.old.get(name) or []), set(change.new.get(name) or [])
                arguments[f"Add{member}Ids"], arguments[f"Remove{member}Ids"] = (
                    sorted(wanted - had),
                    sorted(had - wanted),
                )
        if change.any("policy"):
            arguments |= {"PolicyDocument": change.new["policy"]} if change.new.get("policy") else {"ResetPolicy": True}
        for name in ("privateDnsEnabled", "ipAddressType"):
            if change.any(name):
                arguments[name[0].upper() + name[1:]] = change.new.get(name)
        if change.any("dnsOptions"):
            arguments["DnsOptions"] = self.arguments(aws, self.making, {}, {"dnsOptions": change.new["dnsOptions"]})[
                "DnsOptions"
            ]
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=id, **{key: value for key, value in arguments.items() if value != []})
