"""Where a thing that AWS serves by a host name of its own is reached: AWS's own address, or the endpoint's.

An emulator's host names (`<api>.execute-api.localhost`) resolve in few programs; its paths work in all of them.
"""

from __future__ import annotations

from stackyard.providers.aws.connections import Aws


def endpoint(aws: Aws, service: str) -> str:
    """The endpoint that stands in for AWS's own, without a slash at its end; empty on AWS."""
    settings = aws.connection.settings
    return (dict(settings.endpoints).get(service) or settings.endpoint).rstrip("/")


def execute_api(aws: Aws, service: str, api: str, scheme: str = "https") -> str:
    """The base of an API's URLs; `scheme` (`https`, `wss`) is AWS's, an endpoint has its own."""
    own = endpoint(aws, service)
    if not own:
        return f"{scheme}://{api}.execute-api.{aws.region}.{aws.dns_suffix}"
    protocol, _, place = own.partition("://")
    if scheme == "wss":
        protocol = {"http": "ws", "https": "wss"}[protocol]
    return f"{protocol}://{place}/_aws/execute-api/{api}"


def function_url(aws: Aws, told: str) -> str:
    """A function's URL: the one that AWS told, or the endpoint's path for it."""
    own = endpoint(aws, "lambda")
    url_id = told.partition("://")[2].partition(".")[0]
    return f"{own}/_aws/lambda-url/{url_id}/" if own else told
