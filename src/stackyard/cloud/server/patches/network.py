"""Faults: a repeated call with the same ClientToken makes a second instance or NAT gateway; a subnet may overlap
another, or lie outside its VPC. Cures: the first answer to a token is kept and given again for a day, and another
request with it is refused; such a subnet is refused as AWS refuses it.
"""

from __future__ import annotations

import hashlib
import importlib
import ipaddress
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_DAY = 86_400.0  # seconds


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """EC2's table of actions."""
    return {"ministack.services.ec2": _in_ec2}


def _in_ec2(module: Any) -> None:
    actions = module._ACTION_MAP
    actions["CreateSubnet"] = _apart(module, actions["CreateSubnet"])
    responses = importlib.import_module("ministack.core.responses")
    module._client_tokens = responses.AccountRegionScopedDict()  # found, and kept, like every other store
    lock = threading.Lock()
    for action, handler in list(actions.items()):
        if action.startswith(("Create", "Run", "Allocate", "Copy", "Import")):
            actions[action] = _once(module, action, handler, lock)


def _once(module: Any, action: str, handler: Any, lock: threading.Lock) -> Any:
    def once(given: dict[str, Any]) -> Any:
        token = module._p(given, "ClientToken")
        if not token:
            return handler(given)
        rest = sorted((name, str(value)) for name, value in given.items() if name != "ClientToken")
        digest = hashlib.sha256(repr(rest).encode()).hexdigest()
        with lock:
            kept = module._client_tokens.get((action, token))
            if kept is not None and kept["until"] > time.time():
                if kept["digest"] == digest:
                    return kept["answer"]
                return module._error(
                    "IdempotentParameterMismatch",
                    f"The client token {token} was used with other parameters.", 400,
                )  # fmt: skip
            answer = handler(given)
            if answer[0] < 300:
                _forget_old(module._client_tokens)
                record = {"digest": digest, "answer": answer, "until": time.time() + _DAY}
                module._client_tokens[(action, token)] = record
            return answer

    return once


def _forget_old(tokens: Any) -> None:
    """Called for each new token, so at most a few have grown old since the last call; they lie in order of age."""
    now = time.time()
    for key in list(tokens._data)[:8]:
        if dict.__getitem__(tokens._data, key)["until"] < now:
            del tokens._data[key]


def _apart(module: Any, create: Any) -> Any:
    def create_apart(given: dict[str, Any]) -> Any:
        vpc_id, block = module._p(given, "VpcId"), module._p(given, "CidrBlock")
        vpc = module._vpcs.get(vpc_id) if vpc_id else None
        if vpc_id and vpc is None:
            return module._error("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist", 400)
        if vpc is None or not block:
            return create(given)
        try:
            wanted = ipaddress.ip_network(block)
        except ValueError:
            message = f"Value ({block}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
            return module._error("InvalidParameterValue", message, 400)
        if not any(_within(wanted, held) for held in _blocks(vpc)):
            return module._error("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.", 400)
        others = [row for row in module._subnets.values() if row["VpcId"] == vpc_id]
        if any(wanted.overlaps(ipaddress.ip_network(row["CidrBlock"])) for row in others):
            message = f"The CIDR '{block}' conflicts with another subnet"
            return module._error("InvalidSubnet.Conflict", message, 400)
        return create(given)

    return create_apart


def _blocks(vpc: dict[str, Any]) -> list[str]:
    further = vpc.get("CidrBlockAssociationSet") or vpc.get("CidrBlockAssociations") or []
    return [vpc["CidrBlock"], *(row.get("CidrBlock", "") for row in further)]


def _within(wanted: Any, held: str) -> bool:
    whole = ipaddress.ip_network(held) if held else None
    return whole is not None and whole.version == wanted.version and wanted.subnet_of(whole)
