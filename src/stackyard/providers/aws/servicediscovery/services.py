"""Cloud Map services and the instances registered with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.servicediscovery.namespaces import finished
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class Service(Table):
    """`aws:servicediscovery/service:Service`."""

    service = "servicediscovery"
    naming = Naming(limit=127)
    defaults = fixed(forceDestroy=False)
    replaces = ("name", "namespaceId", "dnsConfig.namespaceId", "healthCheckCustomConfig", "type")
    computed = ("namespaceId", "type", "dnsConfig.routingPolicy", "healthCheckCustomConfig.failureThreshold")
    tagging = Tagging("servicediscovery", by="arn")
    making = Call("create_service", at="Service")
    reading = Call("get_service", given(Id="$id"), at="Service")
    removing = Call("delete_service", given(Id="$id"))

    def sent(self, inputs: Properties) -> Properties:
        """The call wants the namespace beside the DNS settings."""
        space = inputs.get("namespaceId") or (inputs.get("dnsConfig") or {}).get("namespaceId")
        return {**inputs, "namespaceId": space}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        if not found.get("DnsConfig", {}).get("DnsRecords"):
            outputs.pop("dnsConfig", None)
        elif found.get("NamespaceId"):
            outputs["dnsConfig"] = {"namespaceId": found["NamespaceId"], **outputs["dnsConfig"]}
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """An update says everything again: what it leaves out is removed."""
        new = change.new
        wanted: dict[str, Any] = {"Description": new.get("description", "")}
        if new.get("dnsConfig"):
            records = [{"TTL": r["ttl"], "Type": r["type"]} for r in new["dnsConfig"]["dnsRecords"]]
            wanted["DnsConfig"] = {"DnsRecords": records}
        if new.get("healthCheckConfig"):
            names = {"failureThreshold": "FailureThreshold", "resourcePath": "ResourcePath", "type": "Type"}
            wanted["HealthCheckConfig"] = {names[name]: value for name, value in new["healthCheckConfig"].items()}
        finished(aws, aws.servicediscovery.update_service(Id=id, Service=wanted)["OperationId"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("forceDestroy") is True:
            for instance in list(aws.pages("servicediscovery", "list_instances", "Instances", ServiceId=id)):
                answer = aws.servicediscovery.deregister_instance(ServiceId=id, InstanceId=instance["Id"])
                finished(aws, answer["OperationId"])
        super().delete(aws, id, known)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        space = inputs.get("namespaceId") or inputs.get("dnsConfig", {}).get("namespaceId")
        filters = [{"Name": "NAMESPACE_ID", "Values": [space], "Condition": "EQ"}] if space else []
        found = aws.pages("servicediscovery", "list_services", "Services", Filters=filters)
        return next((str(item["Id"]) for item in found if item["Name"] == inputs["name"]), None)


class Instance(Kind):
    """`aws:servicediscovery/instance:Instance`. The id is the instance's; an import is by `<service>/<instance>`."""

    naming = None
    overwrites = True
    replaces = ("instanceId", "serviceId")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._register(aws, inputs)
        return str(inputs["instanceId"])

    def _register(self, aws: Aws, inputs: Properties) -> None:
        where = {"ServiceId": inputs["serviceId"], "InstanceId": inputs["instanceId"]}
        answer = aws.servicediscovery.register_instance(**where, Attributes=inputs["attributes"])
        finished(aws, answer["OperationId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        service, _, instance = id.rpartition("/")
        service = known.get("serviceId") or service
        found = aws.servicediscovery.get_instance(ServiceId=service, InstanceId=instance)["Instance"]
        attributes = {k: v for k, v in found.get("Attributes", {}).items() if k != "AWS_INIT_HEALTH_STATUS"}
        return {"id": instance, "instanceId": instance, "serviceId": service, "attributes": attributes}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._register(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        answer = aws.servicediscovery.deregister_instance(ServiceId=known["serviceId"], InstanceId=id)
        finished(aws, answer["OperationId"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["instanceId"])
