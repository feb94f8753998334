"""What is scaled: one dimension of one resource. The id is the resource, as it is for Terraform."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

SERVICE = "application-autoscaling"
PLACE = given(ServiceNamespace="$serviceNamespace", ResourceId="$resourceId", ScalableDimension="$scalableDimension")


class Target(Table):
    """`aws:appautoscaling/target:Target`. An import is by `<namespace>/<resource>/<dimension>`."""

    service = SERVICE
    naming = None
    overwrites = True
    names = given(roleArn="RoleARN", arn="ScalableTargetARN")
    replaces = ("resourceId", "scalableDimension", "serviceNamespace")
    computed = ("roleArn", "suspendedState")
    tagging = Tagging(SERVICE, by="arn")
    making = Call("register_scalable_target")
    reading = Call(
        "describe_scalable_targets",
        given(
            ServiceNamespace="$serviceNamespace", ResourceIds=["$resourceId"], ScalableDimension="$scalableDimension"
        ),
        at="ScalableTargets[0]",
    )
    changing = (Call("register_scalable_target"),)
    removing = Call("deregister_scalable_target", PLACE)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        tags = {"Tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        client = aws.client(SERVICE)
        aws.persist(lambda: client.register_scalable_target(**arguments, **tags), "Unable to assume IAM role")
        return str(inputs["resourceId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        return super().read(aws, id, known or _place(id))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["resourceId"])


def _place(id: str) -> Properties:
    """The parts of the id of an import; a resource has slashes, the others have none."""
    namespace, _, rest = id.partition("/")
    resource, _, dimension = rest.rpartition("/")
    return {"serviceNamespace": namespace, "resourceId": resource, "scalableDimension": dimension}
