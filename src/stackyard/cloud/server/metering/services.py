"""Where each service's work is counted: around the functions of the emulator that do it.

What is refused with 403 or fails with 500 is not billed and not counted. A resource that is not there has no owner:
its calls are counted for the account alone.
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import counting, passages, rounding, tables

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Answer = tuple[int, dict[str, str], Any]
Named = Callable[[bytes, bytes], bytes]
_QUEUE = re.compile(rb'"QueueUrl"\s*:\s*"[^"]*/(\d{12}/[^/"]+)"')
_KEY = re.compile(rb'"(?:KeyId|Arn|KeyArn)"\s*:\s*"(arn:aws:kms:[^"]+:key/[^"]+)"')
_SECRET = re.compile(rb'"ARN"\s*:\s*"(arn:aws:secretsmanager:[^"]+)"')
_TOPIC = re.compile(rb"(?:^|&)TopicArn=([^&]+)|<TopicArn>([^<]+)</TopicArn>")
_LISTED = re.compile(rb'"(?:Keys|Aliases|Grants|SecretList|SecretValues)"\s*:|<List(?:Topics|Subscriptions)Re')
_MESSAGE = re.compile(r"(?:PublishBatchRequestEntries\.member\.\d+\.)?Message")
_ABSENT = re.compile(rb"NonExistent|NotFound|DoesNotExist")
_UNBILLED = (401, 403, 429)  # of an API, when they come from itself and not from what is behind it


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """The services that are metered; opens the counts, which outlive the server when its data do."""
    data = order.folder / "data"
    counting.begin(data / "usage" if order.durable else data / "scratch" / "usage")
    services = "ministack.services."
    return {
        f"{services}s3": _in_s3,
        f"{services}dynamodb": tables.cure,
        f"{services}sqs": lambda module: count_calls(module, "queue_requests", queue, queue_chunks),
        f"{services}sns": lambda module: count_calls(module, "topic_requests", _topic, _topic_chunks),
        f"{services}kms": lambda module: count_calls(module, "key_requests", _answered(_KEY), _one),
        f"{services}secretsmanager": lambda module: count_calls(module, "secret_requests", _answered(_SECRET), _one),
        f"{services}cloudwatch_logs": _in_logs,
        f"{services}lambda_svc": _in_functions,
        f"{services}eventbridge": _in_events,
        f"{services}apigateway": lambda module: _in_apis(module, "api_requests", "apis", rounding.API_CHUNK),
        f"{services}apigateway_v1": lambda module: _in_apis(module, "rest_api_requests", "restapis", 0),
    }


def _in_s3(module: Any) -> None:
    handle = module.handle_request

    async def handle_counted(
        method: str, path: str, headers: Any, body: bytes, query: dict[str, Any], *rest: Any, **named: Any
    ) -> Answer:
        answer: Answer = await handle(method, path, headers, body, query, *rest, **named)
        if answer[0] != 403 and answer[0] < 500:
            bucket, key = module._parse_bucket_key(path, headers)
            account, _region = passages.place()  # the owner's by now
            name = f"arn:aws:s3:::{bucket}" if bucket and bucket in module._buckets else ""
            kind = rounding.storage_kind(method, key, query)
            if kind:
                passages.called(account, kind, name, 1, near=True)
        return answer

    module.handle_request = handle_counted


def count_calls(module: Any, kind: str, named: Named, amount: Callable[[bytes, bytes], int]) -> None:
    """Every call counts; `named(body, answer)` is its resource, `amount(body, answer)` what it is billed as."""
    handle = module.handle_request

    async def handle_counted(method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]) -> Answer:
        answer: Answer = await handle(method, path, headers, body, query)
        status, said = answer[0], _bytes(answer[2])
        if status != 403 and status < 500:
            account, region = passages.place()
            unknown = status >= 400 and _ABSENT.search(said[:512])
            name = b"" if unknown else named(body, said)
            passages.called(account, kind, _arn(name, region), amount(body, said))
        return answer

    module.handle_request = handle_counted


def _bytes(said: Any) -> bytes:
    return said.encode() if isinstance(said, str) else said if isinstance(said, bytes) else b""


def _arn(name: bytes, region: str) -> str:
    """The ARN itself, or that of a queue, of which an address says `account/name`."""
    text = name.decode("utf-8", "replace")
    return text if text.startswith("arn:") or not text else f"arn:aws:sqs:{region}:{text.replace('/', ':')}"


def _answered(pattern: re.Pattern[bytes]) -> Named:
    """The resource that the answer tells; none where it tells of many."""

    def named(_body: bytes, said: bytes) -> bytes:
        found = None if _LISTED.search(said[:512]) else pattern.search(said[:4096])
        return bytes(found[1]) if found else b""

    return named


def queue(body: bytes, said: bytes) -> bytes:
    """`account/name` of the queue that a call of SQS, or its answer, names; empty when neither does."""
    found = _QUEUE.search(body) or _QUEUE.search(said[:4096])
    return bytes(found[1]) if found else b""


def _topic(body: bytes, said: bytes) -> bytes:
    found = _TOPIC.search(body) or (None if _LISTED.search(said[:512]) else _TOPIC.search(said[:4096]))
    return urllib.parse.unquote_to_bytes(found[1] or found[2]) if found else b""


def _one(_body: bytes, _said: bytes) -> int:
    return 1


def queue_chunks(body: bytes, said: bytes) -> int:
    """Chunks of the messages that were sent or received; only what is long is looked into."""
    return max(1 if len(text) <= rounding.CHUNK else rounding.chunks(_messages(text)) for text in (body, said))


def _messages(text: bytes) -> int:
    try:
        given = json.loads(text)
    except ValueError:
        return len(text)
    found = given.get("Entries") or given.get("Messages") or [given]
    return sum(_message(each) for each in found if isinstance(each, dict))


def _message(entry: Mapping[str, Any]) -> int:
    size = len(str(entry.get("MessageBody") or entry.get("Body") or "").encode())
    for name, value in (entry.get("MessageAttributes") or {}).items():
        size += len(name.encode()) + sum(len(str(part).encode()) for part in value.values())
    return size


def _topic_chunks(body: bytes, _said: bytes) -> int:
    if len(body) <= rounding.CHUNK:
        return 1
    given = urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return rounding.chunks(sum(len(value.encode()) for name, value in given if _MESSAGE.fullmatch(name)))


def _in_logs(module: Any) -> None:
    deliver = module._fanout_to_subscription_filters

    def deliver_counted(group: str, stream: str, events: Any) -> Any:
        """All that is taken in comes by here: what callers put, what tasks print and what functions say."""
        account, region = passages.place()
        amount = rounding.log_bytes(str(event.get("message", "")) for event in events)
        counting.add(account, "log_bytes", f"arn:aws:logs:{region}:{account}:log-group:{group}", "", amount)
        return deliver(group, stream, events)

    module._fanout_to_subscription_filters = deliver_counted


def _in_functions(module: Any) -> None:
    dispatch = module._execute_function_dispatch

    def dispatch_counted(func: Any, config: dict[str, Any], *rest: Any) -> Any:
        began = time.monotonic()
        answer = dispatch(func, config, *rest)
        if not (isinstance(answer, dict) and answer.get("throttle")):
            name = ":".join(str(config.get("FunctionArn", "")).split(":")[:7])
            account, _region = passages.place()
            steps = rounding.function_steps(int(config.get("MemorySize") or 128), time.monotonic() - began)
            counting.add(account, "function_requests", name, "", 1)
            counting.add(account, "function_gb_seconds", name, "", steps)
        return answer

    module._execute_function_dispatch = dispatch_counted


def _in_events(module: Any) -> None:
    put, invoke = module._put_events, module._invoke_target

    def put_counted(data: dict[str, Any], allow_aws_source: bool = False) -> Answer:
        answer: Answer = put(data, allow_aws_source)
        if answer[0] == 200 and not allow_aws_source:
            for entry, result in zip(data.get("Entries", ()), json.loads(answer[2]).get("Entries", ()), strict=False):
                if "ErrorCode" not in result:
                    account, region = passages.place()
                    bus = str(entry.get("EventBusName") or "default")
                    name = bus if bus.startswith("arn:") else f"arn:aws:events:{region}:{account}:event-bus/{bus}"
                    passages.called(account, "events", name, rounding.chunks(rounding.event_bytes(entry)))
        return answer

    def invoke_counted(target: Any, event: Any, rule: Any, *rest: Any, **named: Any) -> Any:
        if event.get("Source") == "aws.scheduler":
            counting.add(passages.place()[0], "scheduled", str(rule.get("Arn", "")), "", 1)
        return invoke(target, event, rule, *rest, **named)

    module._put_events, module._invoke_target = put_counted, invoke_counted


def _in_apis(module: Any, kind: str, folder: str, chunk: int) -> None:
    """A request counts unless the API itself turned it away; `chunk` are the bytes of one, 0 for any number."""
    execute = module._handle_execute_in_scope

    async def execute_counted(api: str, stage: str, third: str, fourth: str, headers: Any, body: bytes, *rest: Any,
                              **named: Any) -> Answer:  # fmt: skip
        answer: Answer = await execute(api, stage, third, fourth, headers, body, *rest, **named)
        request = passages.CURRENT.get()
        if answer[0] not in _UNBILLED or (request is not None and request.reached):
            account, region = passages.place()
            amount = rounding.chunks(max(len(body or b""), len(_bytes(answer[2]))), chunk) if chunk else 1
            passages.called(account, kind, f"arn:aws:apigateway:{region}::/{folder}/{api}", amount)
        return answer

    module._handle_execute_in_scope = execute_counted
    for name in ("_invoke_lambda_proxy", "_invoke_http_proxy", "_invoke_lambda_proxy_v1", "_invoke_lambda_custom_v1",
                 "_invoke_sqs_v1", "_invoke_http_proxy_v1"):  # fmt: skip
        if hasattr(module, name):
            setattr(module, name, _reaching(getattr(module, name)))


def _reaching(integrate: Callable[..., Any]) -> Callable[..., Any]:
    async def integrate_noted(*given: Any, **named: Any) -> Any:
        request = passages.CURRENT.get()
        if request is not None:
            request.reached = True
        return await integrate(*given, **named)

    return integrate_noted
