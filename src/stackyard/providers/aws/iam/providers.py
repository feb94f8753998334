"""Providers of identities: OpenID Connect (the id is the ARN, which follows from the URL) and SAML."""

from __future__ import annotations

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


class OpenIdConnectProvider(Kind):
    """`aws:iam/openIdConnectProvider:OpenIdConnectProvider`."""

    naming = None
    replaces = ("url",)
    sets = ("clientIdLists",)
    computed = ("thumbprintLists",)
    delete_first = True
    tagging = Tagging(
        "iam", by="id", add="tag_open_id_connect_provider", remove="untag_open_id_connect_provider", read=""
    )

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "url" and bool(_bare(left) == _bare(right))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        given = {"ThumbprintList": inputs.get("thumbprintLists"), "ClientIDList": inputs["clientIdLists"]}
        made = aws.iam.create_open_id_connect_provider(
            Url=inputs["url"],
            Tags=pairs(inputs.get("tagsAll")),
            **{name: value for name, value in given.items() if value},
        )
        return str(made["OpenIDConnectProviderArn"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=id)
        return {
            "arn": id,
            "url": found["Url"],
            "clientIdLists": found.get("ClientIDList", []),
            "thumbprintLists": found.get("ThumbprintList", []),
            "tags": mapping(found.get("Tags")),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("thumbprintLists") and change.new.get("thumbprintLists"):
            aws.iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=id, ThumbprintList=change.new["thumbprintLists"]
            )
        old, new = set(change.old["clientIdLists"]), set(change.new["clientIdLists"])
        for client in sorted(new - old):
            aws.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=client)
        for client in sorted(old - new):
            aws.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=client)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("iam", f"oidc-provider/{_bare(inputs['url'])}", regional=False)


def _bare(url: Value) -> str:
    return str(url).removeprefix("https://")


class SamlProvider(Kind):
    """`aws:iam/samlProvider:SamlProvider`. The id is the ARN, which follows from the name."""

    naming = Naming(limit=128)
    replaces = ("name",)
    volatile = ("validUntil",)
    tagging = Tagging("iam", by="id", add="tag_saml_provider", remove="untag_saml_provider", read="")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": self.identify(aws, inputs)}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = pairs(inputs.get("tagsAll"))
        document = inputs["samlMetadataDocument"]
        made = aws.iam.create_saml_provider(Name=inputs["name"], SAMLMetadataDocument=document, Tags=tags)
        return str(made["SAMLProviderArn"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.iam.get_saml_provider(SAMLProviderArn=id)
        until = found.get("ValidUntil")
        return {
            "arn": id,
            "name": id.rpartition("/")[2],
            "samlMetadataDocument": found["SAMLMetadataDocument"],
            "samlProviderUuid": found.get("SAMLProviderUUID", ""),
            "tags": mapping(found.get("Tags")),
            "validUntil": schemas.coerce(until, "string") if until else "",
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.iam.update_saml_provider(SAMLProviderArn=id, SAMLMetadataDocument=change.new["samlMetadataDocument"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.iam.delete_saml_provider(SAMLProviderArn=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("iam", f"saml-provider/{inputs['name']}", regional=False)
