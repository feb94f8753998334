"""Clients of user pools: the programs that sign users in. An import is by `<pool>/<client>`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Unsure
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_CLIENT: Final = given(UserPoolId="$userPoolId", ClientId="$id")
_SETTINGS: Final = (
    "accessTokenValidity",
    "allowedOauthFlows",
    "allowedOauthFlowsUserPoolClient",
    "allowedOauthScopes",
    "analyticsConfiguration",
    "authSessionValidity",
    "callbackUrls",
    "defaultRedirectUri",
    "enablePropagateAdditionalUserContextData",
    "enableTokenRevocation",
    "explicitAuthFlows",
    "idTokenValidity",
    "logoutUrls",
    "preventUserExistenceErrors",
    "readAttributes",
    "refreshTokenRotation",
    "refreshTokenValidity",
    "supportedIdentityProviders",
    "tokenValidityUnits",
    "writeAttributes",
)


class UserPoolClient(Table):
    """`aws:cognito/userPoolClient:UserPoolClient`. What a program leaves out, AWS decides."""

    service = "cognito-idp"
    naming = Naming(limit=128)
    names = given(name="ClientName")
    id = "ClientId"
    replaces = ("generateSecret", "userPoolId")
    sets = (
        "allowedOauthFlows",
        "allowedOauthScopes",
        "callbackUrls",
        "explicitAuthFlows",
        "logoutUrls",
        "readAttributes",
        "supportedIdentityProviders",
        "writeAttributes",
    )
    computed = _SETTINGS
    making = Call("create_user_pool_client", at="UserPoolClient")
    reading = Call("describe_user_pool_client", _CLIENT, at="UserPoolClient")
    changing = (Call("update_user_pool_client", _CLIENT),)
    removing = Call("delete_user_pool_client", _CLIENT)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        pool, _, own = id.rpartition("/")
        pool = pool or str(known.get("userPoolId") or "")
        if not pool:
            raise ProviderError(f"{self.token}: {id} does not say its pool", hint="import it by <pool id>/<client id>")
        found = super().read(aws, own, {**known, "userPoolId": pool})
        return None if found is None else {**found, "id": own}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        secret = found.get("ClientSecret") or ""
        return {**outputs, "clientSecret": secret, "generateSecret": bool(secret)}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """Names need not be unique: two of one name do not tell which is ours."""
        pool = inputs["userPoolId"]
        listed = aws.pages(self.service, "list_user_pool_clients", "UserPoolClients", UserPoolId=pool, MaxResults=60)
        found = [str(client["ClientId"]) for client in listed if client["ClientName"] == inputs["name"]]
        if len(found) > 1:
            raise Unsure(f"user pool {pool} has {len(found)} clients called {inputs['name']}: {', '.join(found)}")
        return found[0] if found else None
