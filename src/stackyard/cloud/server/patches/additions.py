"""Fault: four operations that programs and providers call are not there, and a Glue connection forgets the tags it is
made with. Cure: Glue's UpdateConnection, Cognito's UpdateGroup, and a VPC's further address blocks
(AssociateVpcCidrBlock, DisassociateVpcCidrBlock), which subnets may lie in; the tags are kept.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Operation = Callable[[Any, dict[str, Any]], Any]


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The table of handlers, and EC2's table of actions."""
    return {"ministack.app": _in_app, "ministack.services.ec2": _in_ec2}


def _in_app(module: Any) -> None:
    added: tuple[tuple[str, str, dict[str, Operation]], ...] = (
        ("glue", "glue", {"UpdateConnection": _update_connection, "CreateConnection": _create_connection}),
        ("cognito-idp", "cognito", {"UpdateGroup": _update_group}),
    )
    for service, source, operations in added:
        handler = module.SERVICE_HANDLERS[service]
        module.SERVICE_HANDLERS[service] = _extended(module, source, handler, operations)


def _extended(module: Any, source: str, handler: Any, operations: dict[str, Operation]) -> Any:
    async def extended(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        operation = operations.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if operation is None:
            return await handler(method, path, headers, body, query)
        return operation(module._get_module(source), json.loads(body or b"{}"))

    return extended


def _create_connection(glue: Any, given: dict[str, Any]) -> Any:
    answer = glue._create_connection(given)
    if answer[0] < 300 and given.get("Tags"):
        glue._tags[glue._arn("connection", given["ConnectionInput"]["Name"])] = dict(given["Tags"])
    return answer


def _update_connection(glue: Any, given: dict[str, Any]) -> Any:
    name = given.get("Name")
    before = glue._connections.get(name)
    if before is None:
        return glue.error_response_json("EntityNotFoundException", f"Connection {name} not found.", 400)
    kept = {"Name": name, "CreationTime": before.get("CreationTime"), "LastUpdatedTime": int(time.time())}
    glue._connections[name] = {**given.get("ConnectionInput", {}), **kept}
    return glue.json_response({})


def _update_group(cognito: Any, given: dict[str, Any]) -> Any:
    pool, refusal = cognito._resolve_pool(given.get("UserPoolId"))
    if refusal:
        return refusal
    group = pool["_groups"].get(given.get("GroupName"))
    if group is None:
        message = f"Group {given.get('GroupName')} not found."
        return cognito.error_response_json("ResourceNotFoundException", message, 400)
    settings = {name: given[name] for name in ("Description", "RoleArn", "Precedence") if name in given}
    group.update(settings, LastModifiedDate=cognito._now_epoch())
    return cognito.json_response({"Group": cognito._group_out(group)})


def _in_ec2(module: Any) -> None:
    fields = module._vpc_fields_xml

    def fields_with_blocks(vpc: dict[str, Any], tag: str = "item") -> str:
        further = "".join(_block(row, "item") for row in vpc.get("CidrBlockAssociations", ()))
        return str(fields(vpc, tag)).replace("</cidrBlockAssociationSet>", f"{further}</cidrBlockAssociationSet>")

    def associate(given: dict[str, Any]) -> Any:
        vpc = module._vpcs.get(module._p(given, "VpcId"))
        block = module._p(given, "CidrBlock")
        if vpc is None:
            return module._error("InvalidVpcID.NotFound", "The vpc ID does not exist", 400)
        if not block:
            return module._error("MissingParameter", "Only IPv4 blocks are emulated: CidrBlock is required", 400)
        row = {"AssociationId": f"vpc-cidr-assoc-{secrets.token_hex(9)[:17]}", "CidrBlock": block}
        vpc.setdefault("CidrBlockAssociations", []).append(row)
        inner = f"<vpcId>{vpc['VpcId']}</vpcId>{_block(row, 'cidrBlockAssociation')}"
        return module._xml(200, "AssociateVpcCidrBlockResponse", inner)

    def disassociate(given: dict[str, Any]) -> Any:
        wanted = module._p(given, "AssociationId")
        for vpc in module._vpcs.values():
            for row in vpc.get("CidrBlockAssociations", ()):
                if row["AssociationId"] == wanted:
                    vpc["CidrBlockAssociations"].remove(row)
                    inner = f"<vpcId>{vpc['VpcId']}</vpcId>{_block(row, 'cidrBlockAssociation', 'disassociated')}"
                    return module._xml(200, "DisassociateVpcCidrBlockResponse", inner)
        message = f"The vpc CIDR block association ID '{wanted}' does not exist"
        return module._error("InvalidVpcCidrBlockAssociationID.NotFound", message, 400)

    module._vpc_fields_xml = fields_with_blocks
    module._ACTION_MAP.update(AssociateVpcCidrBlock=associate, DisassociateVpcCidrBlock=disassociate)


def _block(row: dict[str, Any], tag: str, state: str = "associated") -> str:
    return (
        f"<{tag}><cidrBlock>{row['CidrBlock']}</cidrBlock><associationId>{row['AssociationId']}</associationId>"
        f"<cidrBlockState><state>{state}</state></cidrBlockState></{tag}>"
    )
