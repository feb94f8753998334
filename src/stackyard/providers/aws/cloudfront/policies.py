"""Policies of caching, of what origins are sent, and of the headers that viewers get. Names are unique."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.cloudfront.configs import Tagged, listed
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming


class _Policy(Tagged):
    naming = Naming(limit=128)
    volatile = ("etag",)
    lists: ClassVar[str] = ""
    path: ClassVar[str] = ""

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        arn = aws.arn("cloudfront", f"{self.path}/{id}", regional=False)
        return None if found is None else {**found, "arn": arn}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return _named(aws, self.lists, self.thing, self.config, inputs["name"])


def _named(aws: Aws, lists: str, thing: str, config: str, name: str, kind: str = "custom") -> str | None:
    found = (item[thing] for item in listed(aws, lists, Type=kind))
    return next((str(policy["Id"]) for policy in found if policy[config]["Name"] == name), None)


class CachePolicy(_Policy):
    """`aws:cloudfront/cachePolicy:CachePolicy`."""

    thing, call, config = "CachePolicy", "cache_policy", "CachePolicyConfig"
    lists, path = "list_cache_policies", "cache-policy"
    defaults = fixed(defaultTtl=86400, maxTtl=31536000, minTtl=0)
    computed = (
        "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingBrotli",
        "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingGzip",
    )
    sets = tuple(
        f"parametersInCacheKeyAndForwardedToOrigin.{name}.items"
        for name in ("cookiesConfig.cookies", "headersConfig.headers", "queryStringsConfig.queryStrings")
    )

    def configured(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        """The two flags are required by the call."""
        config = super().configured(aws, inputs)
        keys = config["ParametersInCacheKeyAndForwardedToOrigin"]
        flags = ("EnableAcceptEncodingGzip", "EnableAcceptEncodingBrotli")
        return {**config, "ParametersInCacheKeyAndForwardedToOrigin": {**dict.fromkeys(flags, False), **keys}}


class OriginRequestPolicy(_Policy):
    """`aws:cloudfront/originRequestPolicy:OriginRequestPolicy`."""

    thing, call, config = "OriginRequestPolicy", "origin_request_policy", "OriginRequestPolicyConfig"
    lists, path = "list_origin_request_policies", "origin-request-policy"
    sets = ("cookiesConfig.cookies.items", "headersConfig.headers.items", "queryStringsConfig.queryStrings.items")


class ResponseHeadersPolicy(_Policy):
    """`aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy`."""

    thing, call, config = "ResponseHeadersPolicy", "response_headers_policy", "ResponseHeadersPolicyConfig"
    lists, path = "list_response_headers_policies", "response-headers-policy"
    names: ClassVar[Mapping[str, str]] = {"securityHeadersConfig.xssProtection": "XSSProtection"}
    sets = tuple(
        f"corsConfig.accessControl{name}.items"
        for name in ("AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders")
    )


def _look_up(aws: Aws, arguments: Properties, kind: type[_Policy]) -> tuple[str, Mapping[str, Any], str]:
    """A policy by its id, or by its name among one's own and then AWS's."""
    id_, name = arguments.get("id"), arguments.get("name") or ""
    for owner in ("custom", "managed"):
        id_ = id_ or _named(aws, kind.lists, kind.thing, kind.config, name, owner)
    if not id_:
        raise ProviderError(f"aws:cloudfront: there is no {kind.thing} called {name!r}")
    answer = getattr(aws.cloudfront, f"get_{kind.call}")(Id=id_)
    return str(id_), answer[kind.thing][kind.config], str(answer["ETag"])


def _listed(config: Mapping[str, Any], what: str, behavior: str, items: str) -> list[Properties]:
    part = config.get(what)
    if not part:
        return []
    names = (part.get(items) or {}).get("Items") or []
    plural = items[0].lower() + items[1:]
    return [{behavior[0].lower() + behavior[1:]: part[behavior], plural: [{"items": names}] if names else []}]


def get_cache_policy(aws: Aws, arguments: Properties) -> Properties:
    """`aws:cloudfront/getCachePolicy:getCachePolicy`."""
    id_, config, etag = _look_up(aws, arguments, CachePolicy)
    keys = config.get("ParametersInCacheKeyAndForwardedToOrigin") or {}
    shown = {
        "cookiesConfigs": _listed(keys, "CookiesConfig", "CookieBehavior", "Cookies"),
        "enableAcceptEncodingBrotli": keys.get("EnableAcceptEncodingBrotli", False),
        "enableAcceptEncodingGzip": keys.get("EnableAcceptEncodingGzip", False),
        "headersConfigs": _listed(keys, "HeadersConfig", "HeaderBehavior", "Headers"),
        "queryStringsConfigs": _listed(keys, "QueryStringsConfig", "QueryStringBehavior", "QueryStrings"),
    }
    return {
        "id": id_,
        "arn": aws.arn("cloudfront", f"cache-policy/{id_}", regional=False),
        "comment": config.get("Comment", ""),
        "defaultTtl": config.get("DefaultTTL", 0),
        "etag": etag,
        "maxTtl": config.get("MaxTTL", 0),
        "minTtl": config.get("MinTTL", 0),
        "name": config["Name"],
        "parametersInCacheKeyAndForwardedToOrigins": [shown],
    }


def get_origin_request_policy(aws: Aws, arguments: Properties) -> Properties:
    """`aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy`."""
    id_, config, etag = _look_up(aws, arguments, OriginRequestPolicy)
    return {
        "id": id_,
        "arn": aws.arn("cloudfront", f"origin-request-policy/{id_}", regional=False),
        "comment": config.get("Comment", ""),
        "cookiesConfigs": _listed(config, "CookiesConfig", "CookieBehavior", "Cookies"),
        "etag": etag,
        "headersConfigs": _listed(config, "HeadersConfig", "HeaderBehavior", "Headers"),
        "name": config["Name"],
        "queryStringsConfigs": _listed(config, "QueryStringsConfig", "QueryStringBehavior", "QueryStrings"),
    }
