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
