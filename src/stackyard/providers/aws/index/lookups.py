"""Who and where we are: account, partition, region, zones."""

from __future__ import annotations

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws


def get_caller_identity(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getCallerIdentity:getCallerIdentity`."""
    identity = aws.connection.identity()
    account = identity["Account"]
    return {"id": account, "accountId": account, "arn": identity["Arn"], "userId": identity["UserId"]}


def get_region(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getRegion:getRegion`: the region configured, or the one named by `name`, `region` or `endpoint`."""
    named = arguments.get("endpoint", "").removeprefix("ec2.").split(".")[0]
    region = arguments.get("region") or arguments.get("name") or named or aws.region
    described = aws.describe_region(region)
    if not described and region != aws.region:
        raise ProviderError(f"aws:index/getRegion:getRegion: no region is called {region!r}")
    endpoint = f"ec2.{region}.{aws.at(region).dns_suffix}"
    return {"id": region, "name": region, "region": region, "endpoint": endpoint, "description": described}


def get_partition(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getPartition:getPartition`."""
    reverse = ".".join(reversed(aws.dns_suffix.split(".")))
    name = aws.partition
    return {"id": name, "partition": name, "dnsSuffix": aws.dns_suffix, "reverseDnsPrefix": reverse}


def get_availability_zones(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getAvailabilityZones:getAvailabilityZones`: zones by name, without the excluded ones."""
    filters = [{"Name": f["name"], "Values": f["values"]} for f in arguments.get("filters") or ()]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    every = arguments.get("allAvailabilityZones") is True
    found = aws.ec2.describe_availability_zones(AllAvailabilityZones=every, Filters=filters)["AvailabilityZones"]
    names, ids = arguments.get("excludeNames") or (), arguments.get("excludeZoneIds") or ()
    zones = sorted((z for z in found if z["ZoneName"] not in names and z.get("ZoneId") not in ids), key=_zone_name)
    return {
        "id": aws.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone.get("ZoneId", "") for zone in zones],
        "groupNames": list(dict.fromkeys(zone.get("GroupName", "") for zone in zones)),
    }


def _zone_name(zone: Properties) -> str:
    return str(zone["ZoneName"])


def get_arn(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getArn:getArn`: the parts of an ARN."""
    parts = arguments["arn"].split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise ProviderError(f"aws:index/getArn:getArn: {arguments['arn']!r} is not an ARN")
    names = ("partition", "service", "region", "account", "resource")
    return {"id": arguments["arn"], **dict(zip(names, parts[1:], strict=True))}


def get_default_tags(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getDefaultTags:getDefaultTags`: the provider's own default tags."""
    return {"id": aws.partition, "tags": dict(aws.default_tags)}


def get_regions(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getRegions:getRegions`: those that the account may use, or all."""
    filters = [{"Name": f["name"], "Values": f["values"]} for f in arguments.get("filters") or ()]
    every = arguments.get("allRegions") is True
    found = aws.ec2.describe_regions(AllRegions=every, Filters=filters)["Regions"]
    return {"id": aws.partition, "names": sorted(region["RegionName"] for region in found)}


def get_availability_zone(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getAvailabilityZone:getAvailabilityZone`: the one zone that fits."""
    filters = [{"Name": f["name"], "Values": f["values"]} for f in arguments.get("filters") or ()]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    given: Properties = {"AllAvailabilityZones": arguments.get("allAvailabilityZones") is True, "Filters": filters}
    for name, member in (("name", "ZoneNames"), ("zoneId", "ZoneIds")):
        if arguments.get(name):
            given[member] = [arguments[name]]
    found = aws.ec2.describe_availability_zones(**given)["AvailabilityZones"]
    if len(found) != 1:
        token = "aws:index/getAvailabilityZone:getAvailabilityZone"
        raise ProviderError(f"{token}: {len(found)} zones fit, not one", hint="give a name or a zoneId")
    zone = found[0]
    name, region = zone["ZoneName"], zone.get("RegionName") or aws.region
    return {
        "id": name,
        "name": name,
        "nameSuffix": name.removeprefix(region).removeprefix("-"),
        "groupName": zone.get("GroupName", ""),
        "networkBorderGroup": zone.get("NetworkBorderGroup", ""),
        "optInStatus": zone.get("OptInStatus", ""),
        "parentZoneId": zone.get("ParentZoneId", ""),
        "parentZoneName": zone.get("ParentZoneName", ""),
        "region": region,
        "state": zone["State"],
        "zoneId": zone.get("ZoneId", ""),
        "zoneType": zone.get("ZoneType", ""),
    }


def get_service_principal(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getServicePrincipal:getServicePrincipal`: `<service>.amazonaws.com` outside isolated regions."""
    service = arguments["serviceName"]
    name = f"{service}.amazonaws.com"
    return {"id": f"{service}.{aws.region}.amazonaws.com", "name": name, "suffix": "amazonaws.com"}


def get_service(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getService:getService`: the DNS names of a service in a region, given in any of their forms."""
    given = arguments.get("dnsName") or arguments.get("reverseDnsName") or ""
    parts = given.split(".")
    if arguments.get("reverseDnsName"):
        parts = list(reversed(parts))
    service = arguments.get("serviceId") or parts[0]
    region = arguments.get("region") or (parts[1] if len(parts) > 2 else aws.region)
    if not service:
        raise ProviderError("aws:index/getService:getService: give serviceId, dnsName or reverseDnsName")
    there = aws.at(region)
    dns = f"{service}.{region}.{there.dns_suffix}"
    prefix = arguments.get("reverseDnsPrefix") or ".".join(reversed(there.dns_suffix.split(".")))
    return {
        "id": f"{prefix}.{region}.{service}",
        "dnsName": dns,
        "partition": there.partition,
        "region": region,
        "reverseDnsName": f"{prefix}.{region}.{service}",
        "reverseDnsPrefix": prefix,
        "serviceId": service,
        "supported": region in there.regions_of(service),
    }


def get_billing_service_account(aws: Aws, arguments: Properties) -> Properties:
    """`aws:index/getBillingServiceAccount:getBillingServiceAccount`: the account that writes billing reports."""
    account = "386209384616"
    return {"id": account, "arn": f"arn:{aws.partition}:iam::{account}:root"}
