"""Accounts of the organization. An email belongs to one account, which is how an interrupted creation is found."""

from __future__ import annotations

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.organizations.organization import account
from stackyard.providers.aws.tagging import Tagging, pairs


class Account(Kind):
    """`aws:organizations/account:Account`. Without `closeOnDeletion` AWS only lets it leave the organization."""

    naming = Naming(limit=50)
    defaults = fixed(closeOnDeletion=False, createGovcloud=False)
    replaces = ("email", "roleName", "iamUserAccessToBilling", "createGovcloud")
    computed = ("parentId",)
    gone = ("AccountAlreadyClosedException",)
    tagging = Tagging("organizations", by="id")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        names = {"roleName": "RoleName", "iamUserAccessToBilling": "IamUserAccessToBilling"}
        given = {member: inputs[name] for name, member in names.items() if inputs.get(name)}
        api = aws.organizations
        call = api.create_gov_cloud_account if inputs["createGovcloud"] else api.create_account
        tags = pairs(inputs.get("tagsAll"))
        status = call(Email=inputs["email"], AccountName=inputs["name"], Tags=tags, **given)["CreateAccountStatus"]
        return self._made(aws, status["Id"])

    def _made(self, aws: Aws, request: str) -> str:
        def look() -> str | None:
            status = aws.organizations.describe_create_account_status(CreateAccountRequestId=request)
            found = status["CreateAccountStatus"]
            if found["State"] == "FAILED":
                raise ProviderError(f"{self.token}: CreateAccount: {found.get('FailureReason')}")
            return str(found["AccountId"]) if found["State"] == "SUCCEEDED" else None

        return aws.wait(f"account request {request}", look)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("parentId"):
            self._move(aws, id, inputs["parentId"])

    def _move(self, aws: Aws, id: str, parent: str) -> None:
        now = aws.organizations.list_parents(ChildId=id)["Parents"][0]["Id"]
        if now != parent:
            aws.organizations.move_account(AccountId=id, SourceParentId=now, DestinationParentId=parent)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = account(aws.organizations.describe_account(AccountId=id)["Account"])
        if found["status"] in ("SUSPENDED", "PENDING_CLOSURE"):
            return None
        return {**found, "parentId": aws.organizations.list_parents(ChildId=id)["Parents"][0]["Id"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("parentId") and change.new.get("parentId"):
            self._move(aws, id, change.new["parentId"])
        if change.any("name"):
            aws.client("account").put_account_name(AccountId=id, AccountName=change.new["name"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("closeOnDeletion") is True:
            aws.organizations.close_account(AccountId=id)
        else:
            aws.organizations.remove_account_from_organization(AccountId=id)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages("organizations", "list_accounts", "Accounts")
        live = (entry for entry in found if entry.get("Email", "").lower() == inputs["email"].lower())
        return next((str(entry["Id"]) for entry in live if entry.get("Status") != "SUSPENDED"), None)
