"""Reaches AWS: sessions, clients and waiting. Clients are slow to make, so settings that are equal share them.

`Aws` is what the code of a type is given: `aws.sqs.create_queue(...)` is the boto3 client of that service in
the resource's own region. Its methods block; they are called in threads of `EXECUTOR` only.
"""

from __future__ import annotations

import concurrent.futures
import contextvars
import functools
import json
import os
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import botocore.config
import botocore.configprovider
import botocore.credentials
import botocore.loaders
import botocore.model
import botocore.session
from botocore.exceptions import ClientError

from stackyard.errors import Cancelled, ProviderError
from stackyard.providers.aws.settings import AwsSettings

T = TypeVar("T")
EXECUTOR: Final = concurrent.futures.ThreadPoolExecutor(32, thread_name_prefix="aws")
LOADER: Final = botocore.loaders.create_loader()
# Botocore's settings without the names of the process's environment variables, where it looks for each.
_DEAF: Final = {
    name: (key, None, default, convert)
    for name, (key, _, default, convert) in botocore.configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
}
STOP: Final[contextvars.ContextVar[threading.Event]] = contextvars.ContextVar("stop")
"""Set when nobody waits any more for the work that is done in this context."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0


@functools.cache
def model(service: str) -> Any:
    """What botocore says of a service: its operations and their shapes. Needs no credentials."""
    return botocore.model.ServiceModel(LOADER.load_service_model(service, "service-2"), service)


class Connection:
    """One set of credentials and endpoints, and the clients made with it. Safe between threads."""

    def __init__(self, settings: AwsSettings) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._session: Any = None
        self._identity: dict[str, str] = {}

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region, made once."""
        key = (service, region)
        if key not in self._clients:
            with self._lock:
                if key not in self._clients:
                    self._clients[key] = self._make(self.session, service, region)
        return self._clients[key]

    def identity(self) -> dict[str, str]:
        """Who we are: Account, Arn, UserId; asked once."""
        with self._lock:
            if not self._identity:
                answer = self.client("sts", self.settings.region).get_caller_identity()
                self._identity = {name: answer[name] for name in ("Account", "Arn", "UserId")}
        return self._identity

    @property
    def session(self) -> Any:
        """The botocore session with the credentials that the settings name."""
        with self._lock:
            if self._session is None:
                self._session = self._authenticated()
        return self._session

    def _bare(self) -> Any:
        settings = self.settings
        session = botocore.session.Session(session_vars=_DEAF if settings.environ is not None else None)
        session.register_component("data_loader", LOADER)
        closed = os.devnull if settings.is_closed and not settings.profile else ""
        for name, value in (
            ("config_file", settings.config_file or closed),
            ("credentials_file", settings.credentials_file or closed),
            ("profile", settings.profile),
        ):
            if value:
                session.set_config_variable(name, value)
        return session

    def _authenticated(self) -> Any:
        settings, session = self.settings, self._bare()
        if settings.access_key:
            session.set_credentials(settings.access_key, settings.secret_key, settings.session_token or None)
        elif settings.is_closed and not settings.profile:
            hint = "the run that names AWS_ENDPOINT_URL must also name AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise ProviderError("aws: an endpoint is set but no credentials", hint=hint)
        elif settings.environ is not None:
            _read_environ(session, dict(settings.environ))
        for role in settings.roles:
            session = self._assume(session, json.loads(role))
        return session

    def _assume(self, source: Any, role: dict[str, Any]) -> Any:
        names = {"externalId": "ExternalId", "policy": "Policy", "sourceIdentity": "SourceIdentity"}
        arguments: dict[str, Any] = {names[key]: role[key] for key in names if role.get(key)}
        arguments["RoleSessionName"] = role.get("sessionName") or "stackyard"
        if role.get("tags"):
            arguments["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(role["tags"].items())]
        if role.get("policyArns"):
            arguments["PolicyArns"] = [{"arn": arn} for arn in role["policyArns"]]
        sts = self._make(source, "sts", self.settings.region)

        def fetch() -> dict[str, Any]:
            found = sts.assume_role(RoleArn=role["roleArn"], **arguments)["Credentials"]
            return {
                "access_key": found["AccessKeyId"],
                "secret_key": found["SecretAccessKey"],
                "token": found["SessionToken"],
                "expiry_time": found["Expiration"].isoformat(),
            }

        session = self._bare()
        session._credentials = botocore.credentials.DeferredRefreshableCredentials(fetch, "assume-role")
        return session

    def _make(self, session: Any, service: str, region: str) -> Any:
        settings = self.settings
        signing = dict(settings.endpoints)
        options: dict[str, Any] = {"ignore_configured_endpoint_urls": True, "inject_host_prefix": not settings.endpoint}
        config = botocore.config.Config(
            retries={"mode": "standard", "max_attempts": settings.max_retries},
            max_pool_connections=32,
            proxies={"https": settings.proxy, "http": settings.proxy} if settings.proxy else {},
            s3={"addressing_style": "path"} if settings.path_style else None,
            **options,
        )
        endpoint = signing.get(service) or signing.get(service.replace("-", "")) or settings.endpoint or None
        client = session.create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            verify=False if settings.insecure else settings.ca_bundle or None,
            config=config,
        )
        if endpoint:
            client.meta.events.register("before-sign", functools.partial(_hold, endpoint))
        return client


def _hold(endpoint: str, request: Any, **_: Any) -> None:
    """Keep a request at the endpoint given: some services put an account or a bucket before its host name."""
    given, wanted = urllib.parse.urlsplit(endpoint), urllib.parse.urlsplit(request.url)
    if wanted.netloc != given.netloc:
        request.url = wanted._replace(scheme=given.scheme, netloc=given.netloc).geturl()


def _read_environ(session: Any, environ: dict[str, str]) -> None:
    """Let the default chain of credentials read `environ` where botocore would read the process's own."""
    resolver = session.get_component("credential_provider")
    for provider in resolver.providers:
        for attribute in ("environ", "_environ"):
            if hasattr(provider, attribute):
                setattr(provider, attribute, environ)


@functools.lru_cache(maxsize=256)
def connect(settings: AwsSettings) -> Connection:
    """The connection of these settings; equal settings share one. Nothing is called yet."""
    return Connection(settings)


def _rest(seconds: float) -> None:
    """Wait a while; raise Cancelled when nobody waits for us any more."""
    if STOP.get(threading.Event()).wait(seconds):
        raise Cancelled("aws: stopped while waiting")


class Aws:
    """AWS as one resource sees it: its region, its account, and clients by attribute (`aws.sqs`, `aws.lambda_`)."""

    def __init__(
        self, connection: Connection, region: str, timeout: float = 600, default_tags: Mapping[str, str] | None = None
    ) -> None:
        self.connection = connection
        self.region = region
        self.timeout = timeout
        self.default_tags = default_tags or {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.client(name.rstrip("_").replace("_", "-"))

    def client(self, service: str) -> Any:
        """The boto3 client of a service by its botocore name (`cognito-idp`)."""
        return self.connection.client(service, self.region)

    def at(self, region: str) -> Aws:
        """The same account in another region."""
        return self if region in ("", self.region) else Aws(self.connection, region, self.timeout, self.default_tags)

    @property
    def account(self) -> str:
        """The 12-digit account."""
        return self.connection.identity()["Account"]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, from the region."""
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for prefix, name in prefixes.items() if self.region.startswith(prefix)), "aws")

    @property
    def dns_suffix(self) -> str:
        """The domain of the partition's services."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def describe_region(self, region: str) -> str:
        """The words for a region (`US East (N. Virginia)`), from botocore's own list; empty when it is not there."""
        for partition in LOADER.load_data("partitions")["partitions"]:
            if region in partition["regions"]:
                return str(partition["regions"][region].get("description", ""))
        return ""

    def regions_of(self, service: str) -> list[str]:
        """The regions of this partition where botocore's own list has a service."""
        found: list[str] = self.connection.session.get_available_regions(service, self.partition)
        return found

    def arn(self, service: str, resource: str, *, regional: bool = True, account: bool = True) -> str:
        """`arn:<partition>:<service>:<region>:<account>:<resource>`; two parts can be left empty."""
        return ":".join(
            ("arn", self.partition, service, self.region if regional else "", self.account if account else "", resource)
        )

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Every item of `key` of all pages of a listing call."""
        client = self.client(service)
        if not client.can_paginate(operation):
            yield from getattr(client, operation)(**arguments).get(key) or ()
            return
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(key) or ()

    def persist(self, work: Callable[[], T], *texts: str, timeout: float = 120) -> T:
        """Do `work`, again while AWS refuses it with a code or message that contains one of `texts`.

        For what AWS learns late: a role that a policy names, a role that a service must assume. Seconds.
        """
        deadline, pause = time.monotonic() + timeout, 0.5
        while True:
            try:
                return work()
            except ClientError as error:
                if time.monotonic() > deadline or not any(text in str(error) for text in texts):
                    raise
            _rest(pause)
            pause = min(pause * 1.6, LONGEST_PAUSE)

    def wait(self, what: str, look: Callable[[], T | None], timeout: float = 0) -> T:
        """Call `look` until it answers something other than None or False; `timeout` in seconds (0 = the operation's).

        Raises ProviderError, naming `what`, when time is up.
        """
        timeout, begun = timeout or self.timeout, time.monotonic()
        while True:
            found = look()
            if found is not None and found is not False:
                return found
            waited = time.monotonic() - begun
            if waited > timeout:
                raise ProviderError(f"{what}: not there after {timeout:.0f} s")
            # Looks at most an eighth too late, whether it takes a second or an hour.
            _rest(min(max(FIRST_PAUSE, waited / 8), LONGEST_PAUSE))
