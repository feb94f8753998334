"""Reads what an AWS provider is configured with; Terraform's aws provider documents each setting.

A provider resource carries its non-string settings as JSON text (that is how Pulumi SDKs send them), so
every object, list and flag is read from either form.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping

from stackyard.errors import ProviderError
from stackyard.model.values import Properties, Value
from stackyard.providers import base


@dataclasses.dataclass(frozen=True)
class AwsSettings:
    """One way to reach AWS, hashable: settings that are equal share their clients.

    `environ` is None when the process's own environment, its profile files included, may be used.
    `roles` are JSON texts, each one entry of `assumeRoles`. `endpoints` are (service, URL) pairs.
    """

    region: str
    access_key: str = ""
    secret_key: str = dataclasses.field(default="", repr=False)
    session_token: str = dataclasses.field(default="", repr=False)
    profile: str = ""
    config_file: str = ""
    credentials_file: str = ""
    endpoint: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()
    web_identity: str = ""
    max_retries: int = 0
    path_style: bool = False
    insecure: bool = False
    ca_bundle: str = ""
    proxy: str = ""
    environ: tuple[tuple[str, str], ...] | None = dataclasses.field(default=None, repr=False)

    @property
    def is_closed(self) -> bool:
        """Whether it names its own endpoint by environment: then no other source of credentials is asked."""
        return bool(self.endpoint)


@dataclasses.dataclass(frozen=True, slots=True)
class Accounts:
    """`allowedAccountIds` and `forbiddenAccountIds`: where this provider may work."""

    allowed: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()

    def refuse(self, account: str) -> None:
        """Raise ProviderError when the account is not one to work in."""
        if account in self.forbidden or (self.allowed and account not in self.allowed):
            hint = "allowedAccountIds and forbiddenAccountIds of the provider decide; the credentials lead elsewhere"
            raise ProviderError(f"aws: account {account} is not allowed", hint=hint)


@dataclasses.dataclass(frozen=True, slots=True)
class TagSettings:
    """`defaultTags` and `ignoreTags`."""

    defaults: Mapping[str, str]
    ignored: frozenset[str] = frozenset()
    ignored_prefixes: tuple[str, ...] = ()


def _structured(value: Value) -> Value:
    if isinstance(value, str) and value[:1] in "[{":
        return json.loads(value)
    return value


def _flag(value: Value) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _endpoints(value: Value) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for entry in _structured(value) or ():
        found.update({name: url for name, url in entry.items() if url})
    return tuple(sorted(found.items()))


def _from_environ(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    prefix = "AWS_ENDPOINT_URL_"
    return tuple((name[len(prefix) :].lower(), url) for name, url in environ.items() if name.startswith(prefix))


def read(settings: base.Settings) -> AwsSettings:
    """The settings of one provider. Raises ProviderError when there is no region."""
    config, environ = settings.config, settings.environ or os.environ
    region = config.get("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    if not region:
        hint = "set the aws:region configuration of the stack, or AWS_REGION"
        raise ProviderError("aws: no region is configured", hint=hint)
    own = {} if config.get("accessKey") or config.get("profile") else environ
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    return AwsSettings(
        region=region,
        access_key=config.get("accessKey") or own.get("AWS_ACCESS_KEY_ID", ""),
        secret_key=config.get("secretKey") or own.get("AWS_SECRET_ACCESS_KEY", ""),
        session_token=config.get("token") or own.get("AWS_SESSION_TOKEN", ""),
        profile=config.get("profile") or environ.get("AWS_PROFILE", ""),
        config_file=_first(config, "sharedConfigFiles") or environ.get("AWS_CONFIG_FILE", ""),
        credentials_file=_first(config, "sharedCredentialsFiles") or environ.get("AWS_SHARED_CREDENTIALS_FILE", ""),
        endpoint=endpoint,
        endpoints=_endpoints(config.get("endpoints")) or _from_environ(environ),
        roles=_roles(config),
        web_identity=json.dumps(_structured(config.get("assumeRoleWithWebIdentity")) or None),
        max_retries=int(config.get("maxRetries") or (4 if endpoint else 25)),
        path_style=_flag(config.get("s3UsePathStyle")) or bool(endpoint),
        insecure=_flag(config.get("insecure")),
        ca_bundle=config.get("customCaBundle") or environ.get("AWS_CA_BUNDLE", ""),
        proxy="" if endpoint else config.get("httpsProxy") or environ.get("HTTPS_PROXY", ""),
        environ=tuple(sorted(settings.environ.items())) if settings.environ else None,
    )


def _first(config: Properties, name: str) -> str:
    files = _structured(config.get(name)) or [""]
    return str(files[0] if isinstance(files, list) else files)


def _roles(config: Properties) -> tuple[str, ...]:
    given = _structured(config.get("assumeRoles") or config.get("assumeRole")) or ()
    entries = [given] if isinstance(given, dict) else given
    return tuple(json.dumps(entry, sort_keys=True) for entry in entries if entry.get("roleArn"))


def tags(config: Properties) -> TagSettings:
    """The tag settings of one provider."""
    defaults = _structured(config.get("defaultTags")) or {}
    ignores = _structured(config.get("ignoreTags")) or {}
    return TagSettings(
        dict(defaults.get("tags") or {}),
        frozenset(ignores.get("keys") or ()),
        tuple(ignores.get("keyPrefixes") or ()),
    )


def accounts(config: Properties) -> Accounts:
    """The account settings of one provider."""
    allowed, forbidden = (
        frozenset(str(account) for account in _structured(config.get(name)) or ())
        for name in ("allowedAccountIds", "forbiddenAccountIds")
    )
    return Accounts(allowed, forbidden)
