"""Records. The id is `<zone>_<name>_<type>`, and `_<set identifier>` when there is one, as Terraform's is."""

from __future__ import annotations

from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.route53.zones import normal, settle

TYPES: Final = ("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP",
                "SVCB", "TLSA", "TXT")  # fmt: skip
QUOTED: Final = ("SPF", "TXT")
# Property → (member of the record set, members of the one policy in the list).
POLICIES: Final = {
    "weightedRoutingPolicies": {"weight": "Weight"},
    "latencyRoutingPolicies": {"region": "Region"},
    "failoverRoutingPolicies": {"type": "Failover"},
}
GEOLOCATION: Final = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}


class Record(Kind):
    """`aws:route53/record:Record`."""

    naming = None
    replaces = ("zoneId", "name", "type", "setIdentifier")
    sets = ("records",)
    unsupported = ("cidrRoutingPolicy", "geoproximityRoutingPolicy")

    def check(self, inputs: Properties) -> list[CheckFailure]:
        given = [name for name in ("records", "aliases") if inputs.get(name) not in (None, [])]
        if not given:
            return [CheckFailure("records", "or aliases: one of them must be given")]
        if len(given) == 2:
            return [CheckFailure("aliases", "cannot be given beside records")]
        if "records" in given and inputs.get("ttl") is None:
            return [CheckFailure("ttl", "must be given beside records")]
        type_ = inputs.get("type")
        wrong = type_ is not UNKNOWN and type_ not in TYPES
        return [CheckFailure("type", f"must be one of {', '.join(TYPES)}")] if wrong else []

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "name" and isinstance(left, str) and isinstance(right, str) and normal(left) == normal(right)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        # Repeating the creation after a crash meets the record itself, so that it is found by its name then.
        action = "UPSERT" if inputs.get("allowOverwrite") is True else "CREATE"
        self._change(aws, inputs["zoneId"], action, self._record(aws, inputs))
        return self._id(inputs)

    def _id(self, inputs: Properties) -> str:
        parts = [inputs["zoneId"], normal(inputs["name"]), inputs["type"], inputs.get("setIdentifier")]
        return "_".join(part for part in parts if part)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        zone, name, type_, identifier = _parsed(id)
        fqdn = _expanded(aws, zone, name)
        found = next((each for each in _listed(aws, zone, fqdn, type_) if _is(each, fqdn, type_, identifier)), None)
        if found is None:
            return None
        alias = found.get("AliasTarget")
        outputs: Properties = {
            "fqdn": fqdn,
            "healthCheckId": found.get("HealthCheckId", ""),
            "name": name,
            "records": [_unquoted(type_, value["Value"]) for value in found.get("ResourceRecords", ())],
            "setIdentifier": identifier,
            "type": type_,
            "zoneId": zone,
        }
        if alias:
            target = {"name": alias["DNSName"].rstrip("."), "zoneId": alias["HostedZoneId"]}
            outputs["aliases"] = [{**target, "evaluateTargetHealth": alias["EvaluateTargetHealth"]}]
        else:
            outputs["ttl"] = found.get("TTL")
        return {**outputs, **_policies(found)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._change(aws, change.new["zoneId"], "UPSERT", self._record(aws, change.new))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        zone, name, type_, identifier = _parsed(id)
        fqdn = _expanded(aws, zone, name)
        for found in _listed(aws, zone, fqdn, type_):
            if _is(found, fqdn, type_, identifier):
                self._change(aws, zone, "DELETE", found)

    def _change(self, aws: Aws, zone: str, action: str, record: dict[str, Any]) -> None:
        batch = {"Comment": "Managed by Pulumi", "Changes": [{"Action": action, "ResourceRecordSet": record}]}
        settle(aws, aws.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"])

    def _record(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        """The record set as the service takes it."""
        record: dict[str, Any] = {"Name": _expanded(aws, inputs["zoneId"], inputs["name"]), "Type": inputs["type"]}
        if inputs.get("records"):
            record["TTL"] = int(inputs["ttl"])
            record["ResourceRecords"] = [{"Value": _quoted(inputs["type"], value)} for value in inputs["records"]]
        for alias in inputs.get("aliases") or ():
            health = alias.get("evaluateTargetHealth", False)
            target = {"DNSName": alias["name"], "HostedZoneId": alias["zoneId"], "EvaluateTargetHealth": health}
            record["AliasTarget"] = target
        for name, members in POLICIES.items():
            for policy in inputs.get(name) or ():
                record |= {member: policy[property] for property, member in members.items()}
        for policy in inputs.get("geolocationRoutingPolicies") or ():
            record["GeoLocation"] = {member: policy[key] for key, member in GEOLOCATION.items() if policy.get(key)}
        if inputs.get("multivalueAnswerRoutingPolicy") is True:
            record["MultiValueAnswer"] = True
        optional = {"SetIdentifier": inputs.get("setIdentifier"), "HealthCheckId": inputs.get("healthCheckId")}
        return record | {name: value for name, value in optional.items() if value}


def _parsed(id: str) -> tuple[str, str, str, str]:
    """Zone, name, type and set identifier of an id; names may hold underscores themselves."""
    zone, _, rest = id.partition("_")
    parts = rest.split("_")
    at = max((index for index, part in enumerate(parts) if index and part in TYPES), default=len(parts) - 1)
    return zone, "_".join(parts[:at]), parts[at], "_".join(parts[at + 1 :])


def _expanded(aws: Aws, zone: str, name: str) -> str:
    """The full domain name: a name that does not end in the zone's stands below it."""
    apex = normal(aws.route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"])
    short = normal(name)
    return short if short == apex or short.endswith(f".{apex}") else f"{short}.{apex}" if short else apex


def _listed(aws: Aws, zone: str, fqdn: str, type_: str) -> list[dict[str, Any]]:
    """The first page from a name and type on: all records of one name and type are on it."""
    start = {"StartRecordName": fqdn, "StartRecordType": type_}
    found: list[dict[str, Any]] = aws.route53.list_resource_record_sets(HostedZoneId=zone, **start)[
        "ResourceRecordSets"
    ]
    return found


def _is(record: dict[str, Any], fqdn: str, type_: str, identifier: str) -> bool:
    found = (normal(record["Name"]), record["Type"], record.get("SetIdentifier", ""))
    return found == (fqdn, type_, identifier)


def _policies(record: dict[str, Any]) -> Properties:
    outputs: Properties = {
        name: [{property: record[member] for property, member in members.items()}]
        for name, members in POLICIES.items()
        if all(record.get(member) is not None for member in members.values())
    }
    place = record.get("GeoLocation")
    if place:
        said = {key: place[member] for key, member in GEOLOCATION.items() if member in place}
        outputs["geolocationRoutingPolicies"] = [said]
    if record.get("MultiValueAnswer"):
        outputs["multivalueAnswerRoutingPolicy"] = True
    return outputs


def _quoted(type_: str, value: str) -> str:
    return f'"{value}"' if type_ in QUOTED and not value.startswith('"') else value


def _unquoted(type_: str, value: str) -> str:
    return value[1:-1] if type_ in QUOTED and value[:1] == value[-1:] == '"' else value
