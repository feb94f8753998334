"""Route tables, their routes, and what they are associated with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.tables import Call, given

DESTINATIONS: Final = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
TARGETS: Final = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
# Inside a route table, the destinations of a route have shorter names.
_INLINE: Final = {"cidrBlock": "destinationCidrBlock", "ipv6CidrBlock": "destinationIpv6CidrBlock"}


def _members(properties: Properties, names: Mapping[str, str]) -> dict[str, Any]:
    return {member: properties[name] for name, member in names.items() if properties.get(name)}


def _destination(route: Mapping[str, Any]) -> str:
    return next((str(route[member]) for member in DESTINATIONS.values() if route.get(member)), "")


def inline(route: Mapping[str, Any]) -> Properties:
    """A described route as an inline route of a route table."""
    seen: Properties = {name: route[member] for name, member in TARGETS.items() if route.get(member)}
    if str(seen.get("gatewayId", "")).startswith("vpce-"):
        seen["vpcEndpointId"] = seen.pop("gatewayId")
    short = {long: name for name, long in _INLINE.items()}
    for name, member in DESTINATIONS.items():
        if route.get(member):
            seen[short.get(name, name)] = route[member]
    return seen


def _outward(route: Properties) -> dict[str, Any]:
    """An inline route as arguments of CreateRoute."""
    long = {_INLINE.get(name, name): value for name, value in route.items()}
    return _members(long, {**DESTINATIONS, **TARGETS})


class RouteTable(Tagged):
    """`aws:ec2/routeTable:RouteTable`. Its `routes`, when given, are all routes that it has."""

    resource_type = "route-table"
    id = "RouteTableId"
    replaces = ("vpcId",)
    sets = ("routes", "propagatingVgws")
    computed: ClassVar[tuple[str, ...]] = ("routes", "propagatingVgws")
    making = Call("create_route_table", at="RouteTable")
    reading = Call("describe_route_tables", given(RouteTableIds=["$id"]), at="RouteTables[0]")
    removing = Call("delete_route_table", given(RouteTableId="$id"))

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        for route in inputs.get("routes") or []:
            aws.ec2.create_route(RouteTableId=id, **_outward(route))
        for gateway in inputs.get("propagatingVgws") or []:
            aws.ec2.enable_vgw_route_propagation(RouteTableId=id, GatewayId=gateway)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        made = [route for route in found.get("Routes") or [] if route.get("Origin") == "CreateRoute"]
        ours = [route for route in made if not str(route.get("GatewayId", "")).startswith("vpce-")]
        gateways = [each["GatewayId"] for each in found.get("PropagatingVgws") or []]
        return {**outputs, "routes": [inline(route) for route in ours], "propagatingVgws": gateways}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.sync(aws, id, change.old, change.new)

    def sync(self, aws: Aws, id: str, was: Properties, now: Properties) -> None:
        """Bring its routes and propagations from what they were to what they shall be."""
        old = {_destination(_outward(route)): _outward(route) for route in was.get("routes") or []}
        new = {_destination(_outward(route)): _outward(route) for route in now.get("routes") or []}
        for destination in old.keys() - new.keys():
            aws.ec2.delete_route(RouteTableId=id, **_members(_long(old[destination]), DESTINATIONS))
        for destination, route in new.items():
            if destination not in old:
                aws.ec2.create_route(RouteTableId=id, **route)
            elif route != old[destination]:
                aws.ec2.replace_route(RouteTableId=id, **route)
        had, wanted = set(was.get("propagatingVgws") or []), set(now.get("propagatingVgws") or [])
        for gateway in had - wanted:
            aws.ec2.disable_vgw_route_propagation(RouteTableId=id, GatewayId=gateway)
        for gateway in wanted - had:
            aws.ec2.enable_vgw_route_propagation(RouteTableId=id, GatewayId=gateway)


def _long(route: Mapping[str, Any]) -> Properties:
    return {name: route[member] for name, member in DESTINATIONS.items() if member in route}


class Route(Kind):
    """`aws:ec2/route:Route`; its id is the table's and its destination."""

    naming = None
    replaces = ("routeTableId", *DESTINATIONS)
    unsupported = ("odbNetworkArn",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = _members(inputs, {**DESTINATIONS, **TARGETS})
        aws.ec2.create_route(RouteTableId=inputs["routeTableId"], **arguments)
        return self._id(inputs)

    def _id(self, inputs: Properties) -> str:
        return f"{inputs['routeTableId']}_{_destination(_members(inputs, DESTINATIONS))}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        table, _, destination = id.partition("_")
        found = aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]
        for route in found.get("Routes") or []:
            if _destination(route) == destination:
                outputs = {
                    name: route[member] for name, member in {**DESTINATIONS, **TARGETS}.items() if member in route
                }
                return {**outputs, "routeTableId": table, "origin": route.get("Origin"), "state": route.get("State")}
        return None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        arguments = _members(change.new, {**DESTINATIONS, **TARGETS})
        aws.ec2.replace_route(RouteTableId=change.new["routeTableId"], **arguments)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ec2.delete_route(RouteTableId=id.partition("_")[0], **_members(known, DESTINATIONS))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)


class RouteTableAssociation(Kind):
    """`aws:ec2/routeTableAssociation:RouteTableAssociation`, of a subnet or a gateway."""

    naming = None
    replaces = ("subnetId", "gatewayId")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        target = _members(inputs, {"subnetId": "SubnetId", "gatewayId": "GatewayId"})
        made = aws.ec2.associate_route_table(RouteTableId=inputs["routeTableId"], **target)
        return str(made["AssociationId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        filters = [{"Name": "association.route-table-association-id", "Values": [id]}]
        for table in aws.ec2.describe_route_tables(Filters=filters)["RouteTables"]:
            for each in table.get("Associations") or []:
                if each["RouteTableAssociationId"] == id:
                    return {
                        "routeTableId": table["RouteTableId"],
                        "subnetId": each.get("SubnetId"),
                        "gatewayId": each.get("GatewayId"),
                    }
        return None

    def forces(self, old: Properties, new: Properties) -> tuple[str, ...]:
        # Replacing the association gives it a new id, which only a new resource can have.
        return ("routeTableId",) if old.get("routeTableId") != new.get("routeTableId") else ()

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: nothing of an association can be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ec2.disassociate_route_table(AssociationId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        names = {"subnetId": "association.subnet-id", "gatewayId": "association.gateway-id"}
        filters = [{"Name": names[key], "Values": [inputs[key]]} for key in names if inputs.get(key)]
        for table in aws.ec2.describe_route_tables(Filters=filters)["RouteTables"]:
            for each in table.get("Associations") or []:
                same = all(each.get(key[0].upper() + key[1:]) == inputs[key] for key in names if inputs.get(key))
                if table["RouteTableId"] == inputs["routeTableId"] and same:
                    return str(each["RouteTableAssociationId"])
        return None
