"""Faults: without Docker, tasks are RUNNING, databases available and clusters ACTIVE with nothing behind them; an
operation or a service that is not there answers as if it were the caller's mistake, or as an S3 bucket; a failure
inside is a 500, which SDKs repeat for a minute. Cure: all of these are HTTP 501 with the code `NotEmulated` (a failure
inside: `EmulatorFault`) and a message that says what to do; no SDK repeats a 501. Definitions (clusters, task
definitions, groups) still work. And an unknown name is not looked for in the models of all 434 services, which stops
the server for ten seconds.
"""

from __future__ import annotations

import functools
import importlib
import json
import logging
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Answer = tuple[int, dict[str, str], bytes]
_log = logging.getLogger("stackyard.refusals")

_ADVICE = "The embedded cloud keeps definitions and does not run this; deploy this stack with `cloud: aws`"
# What would have to run, by service and operation; a REST operation is its method and path.
_RUNS: Mapping[str, tuple[str, str]] = {
    "ecs": ("StartTask|CreateTaskSet|ExecuteCommand", "container instances, task sets and sessions in containers"),
    "rds": (
        # Instances are `databases`, which refuses what it does not run.
        "CreateDBCluster|CreateDBInstanceReadReplica|RestoreDBCluster.*|RestoreDBInstanceFromS3"
        "|RestoreDBInstanceToPointInTime|StartDBCluster|CreateDBProxy|CreateGlobalCluster",
        "databases",
    ),
    "documentdb": ("CreateDBCluster|CreateDBInstance|RestoreDBCluster.*|StartDBCluster", "databases"),
    "elasticache": ("CreateCacheCluster|CreateReplicationGroup|CreateServerlessCache", "caches"),
    "eks": (r"POST /clusters|POST /clusters/[^/]+/(node-groups|fargate-profiles|addons)", "Kubernetes clusters"),
    "batch": ("POST /v1/submitjob", "batch jobs"),
    "dsql": ("POST /cluster", "databases"),
    "kafka": (r"POST /(api/v2|v1)/clusters", "Kafka clusters"),
    "mq": ("POST /v1/brokers", "message brokers"),
    "opensearch": ("POST .*/(domain|opensearch/domain|es/domain)", "search domains"),
    "elasticmapreduce": ("RunJobFlow", "EMR clusters"),
    "airflow": ("PUT /environments/.*", "Airflow environments"),
    "codebuild": ("StartBuild|StartBuildBatch", "builds"),
    "glue": ("StartJobRun|StartCrawler|StartWorkflowRun", "Glue jobs"),
    "secretsmanager": ("RotateSecret", "rotations of secrets"),
    "athena": ("StartQueryExecution", "queries"),
    "kinesisanalyticsv2": ("StartApplication", "Flink applications"),
}
_UNKNOWN = re.compile(
    rb"Unknown (?:[A-Za-z0-9]+ )*(?:action|operation|path|target)\b|not (?:yet )?implemented|Unsupported \w+ path"
    rb"|No route for [A-Z]+ /",
    re.I,
)


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The table of handlers, the dispatcher above it, its router, and what Step Functions calls in process."""
    return {"ministack.app": _in_app, "ministack.core.router": _in_router}


def _in_router(module: Any) -> None:
    module._is_aws_service_name = lambda _name: True


def _in_app(module: Any) -> None:
    for service, handler in list(module.SERVICE_HANDLERS.items()):
        module.SERVICE_HANDLERS[service] = _guarded(service, handler)
    dispatch = module._dispatch_service_request
    known = functools.lru_cache(maxsize=None)(lambda name: _is_known(module, name))

    async def dispatch_known(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        found = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", headers.get("authorization", ""))
        if found and not known(found[1]) and not path.startswith("/_"):
            return _refused(found[1], headers, f"The embedded cloud has no service {found[1]}.")
        return await dispatch(method, path, headers, body, query, request_id)

    module._dispatch_service_request = dispatch_known


def _is_known(module: Any, name: str) -> bool:
    """Whether requests signed for `name` reach a service of that name, and not S3 for want of anything better."""
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/{name}/aws4_request"}
    found = module.detect_service("POST", "/", signed, {})
    return name.startswith("s3") or (found != "s3" and found in module.SERVICE_HANDLERS)


def _guarded(service: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    operations, what = _RUNS.get(service, ("", ""))
    running = re.compile(operations) if operations else None

    async def guarded(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        operation = _operation(method, path, headers, body, query)
        if running is not None and running.fullmatch(operation):
            return _refused(service, headers, f"{operation}: {what} are not emulated. {_ADVICE}.")
        if service == "ecs" and operation == "CreateService" and b'"DAEMON"' in body:
            return _refused(
                service, headers, f"{operation}: daemons on container instances are not emulated. {_ADVICE}."
            )
        try:
            answer = await handler(method, path, headers, body, query)
        except Exception as error:  # noqa: BLE001 - whatever an emulated service raises is its own fault, and is told
            _log.exception("%s %s", service, operation)
            fault = f"{operation} failed inside the embedded cloud: {error!r}"
            return _refused(service, headers, fault, "EmulatorFault")
        if answer[0] in (400, 404, 405, 501) and isinstance(answer[2], bytes) and _UNKNOWN.search(answer[2][:2000]):
            return _refused(service, headers, f"The embedded cloud's {service} has no {operation}.")
        return answer

    return guarded


def _operation(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> str:
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    if query.get("Action"):
        return str(query["Action"][0])
    found = re.search(r"/service/[^/]+/operation/([A-Za-z0-9]+)$", path)
    if found:
        return found[1]
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        action = urllib.parse.parse_qs(body.decode("utf-8", "replace")).get("Action")
        if action:
            return action[0]
    return f"{method} {path.rstrip('/').lower() if path.lower().startswith('/v1/') else path.rstrip('/') or '/'}"


def _refused(service: str, headers: Mapping[str, str], message: str, code: str = "NotEmulated") -> Answer:
    """The error in the protocol that the caller speaks. `NotEmulated` says that nothing was done."""
    kind = headers.get("content-type", "")
    if "x-www-form-urlencoded" in kind or service in ("s3", "route53", "cloudfront"):
        text = message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        error = f"<Code>{code}</Code><Message>{text}</Message>"
        if service == "ec2":
            body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>-</RequestID></Response>"
        elif service == "s3":
            body = f"<Error>{error}</Error>"
        else:
            body = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>-</RequestId></ErrorResponse>"
        return 501, {"Content-Type": "text/xml"}, body.encode()
    if "cbor" in kind or "cbor" in headers.get("smithy-protocol", ""):
        content = importlib.import_module("cbor2").dumps({"__type": code, "message": message})
        return 501, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, content
    answer = json.dumps({"__type": code, "message": message}).encode()
    return 501, {"Content-Type": "application/json", "x-amzn-errortype": code}, answer
