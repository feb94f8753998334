"""The organization of the account that asks. The id is the organization's; there is one at most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed


def account(entry: dict[str, Any]) -> Properties:
    """An account as these types show it."""
    joined = entry.get("JoinedTimestamp")
    return {
        "arn": entry["Arn"],
        "email": entry.get("Email", ""),
        "id": entry["Id"],
        "joinedMethod": entry.get("JoinedMethod", ""),
        "joinedTimestamp": schemas.coerce(joined, "string") if joined else "",
        "name": entry.get("Name", ""),
        "state": entry.get("State", ""),
        "status": entry.get("Status", ""),
    }


def describe(aws: Aws, *, brief: bool = False) -> Properties:
    """The organization's properties; `brief` leaves out what needs further calls."""
    found = aws.organizations.describe_organization()["Organization"]
    outputs: Properties = {
        "id": found["Id"],
        "arn": found["Arn"],
        "featureSet": found["FeatureSet"],
        "masterAccountArn": found["MasterAccountArn"],
        "masterAccountEmail": found["MasterAccountEmail"],
        "masterAccountId": found["MasterAccountId"],
    }
    if brief:
        return outputs
    accounts = [account(entry) for entry in aws.pages("organizations", "list_accounts", "Accounts")]
    roots = [_root(entry) for entry in aws.pages("organizations", "list_roots", "Roots")]
    master = outputs["masterAccountId"]
    types = [kind["type"] for root in roots for kind in root["policyTypes"] if kind["status"] == "ENABLED"]
    return {
        **outputs,
        "accounts": accounts,
        "enabledPolicyTypes": types,
        "masterAccountName": next((entry["name"] for entry in accounts if entry["id"] == master), ""),
        "nonMasterAccounts": [entry for entry in accounts if entry["id"] != master],
        "roots": roots,
    }


def _root(entry: dict[str, Any]) -> Properties:
    kinds = [{"type": kind["Type"], "status": kind["Status"]} for kind in entry.get("PolicyTypes", ())]
    return {"arn": entry["Arn"], "id": entry["Id"], "name": entry["Name"], "policyTypes": kinds}


class Organization(Kind):
    """`aws:organizations/organization:Organization`."""

    naming = None
    defaults = fixed(featureSet="ALL")
    sets = ("awsServiceAccessPrincipals", "enabledPolicyTypes")
    gone = ("AWSOrganizationsNotInUseException",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        return str(aws.organizations.create_organization(FeatureSet=inputs["featureSet"])["Organization"]["Id"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._trust(aws, [], inputs.get("awsServiceAccessPrincipals") or [])
        self._enable(aws, [], inputs.get("enabledPolicyTypes") or [])

    def _trust(self, aws: Aws, old: Iterable[str], new: Iterable[str]) -> None:
        for name in sorted({*new} - {*old}):
            aws.organizations.enable_aws_service_access(ServicePrincipal=name)
        for name in sorted({*old} - {*new}):
            aws.organizations.disable_aws_service_access(ServicePrincipal=name)

    def _enable(self, aws: Aws, old: Iterable[str], new: Iterable[str]) -> None:
        root = next(iter(aws.pages("organizations", "list_roots", "Roots")))["Id"]
        for name in sorted({*new} - {*old}):
            aws.organizations.enable_policy_type(RootId=root, PolicyType=name)
        for name in sorted({*old} - {*new}):
            aws.organizations.disable_policy_type(RootId=root, PolicyType=name)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        outputs = describe(aws, brief=known.get("returnOrganizationOnly") is True)
        if known.get("awsServiceAccessPrincipals"):
            services = aws.pages(
                "organizations", "list_aws_service_access_for_organization", "EnabledServicePrincipals"
            )
            outputs["awsServiceAccessPrincipals"] = [entry["ServicePrincipal"] for entry in services]
        return outputs if outputs["id"] == id else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        old, new = change.old, change.new
        if change.any("awsServiceAccessPrincipals"):
            self._trust(aws, old.get("awsServiceAccessPrincipals") or [], new.get("awsServiceAccessPrincipals") or [])
        if change.any("enabledPolicyTypes"):
            self._enable(aws, old.get("enabledPolicyTypes") or [], new.get("enabledPolicyTypes") or [])
        if change.any("featureSet"):
            aws.organizations.enable_all_features()

    def forces(self, old: Properties, new: Properties) -> Iterable[str]:
        """Features can be added, not taken away."""
        if new.get("featureSet") == "CONSOLIDATED_BILLING":
            yield "featureSet"

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.organizations.delete_organization()

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        return str(describe(aws, brief=True)["id"])


def get_organization(aws: Aws, arguments: Properties) -> Properties:
    """`aws:organizations/getOrganization:getOrganization`."""
    return describe(aws, brief=arguments.get("returnOrganizationOnly") is True)
