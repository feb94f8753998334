"""Server certificates kept in IAM. Terraform's id is IAM's own id of the certificate."""

from __future__ import annotations

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


class ServerCertificate(Kind):
    """`aws:iam/serverCertificate:ServerCertificate`. An import is by name."""

    naming = Naming(limit=128)
    defaults = fixed(path="/")
    replaces = ("name", "namePrefix", "certificateBody", "certificateChain", "privateKey")
    write_only = ("privateKey",)
    tagging = Tagging("iam", by="name", add="tag_server_certificate", remove="untag_server_certificate", read="")

    def same(self, key: str, left: Value, right: Value) -> bool:
        """Line ends and blanks around a PEM text say nothing."""
        names = ("certificateBody", "certificateChain", "privateKey")
        return key in names and str(left).split() == str(right).split()

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        chain = {"CertificateChain": inputs["certificateChain"]} if inputs.get("certificateChain") else {}
        made = aws.iam.upload_server_certificate(
            ServerCertificateName=inputs["name"],
            Path=inputs["path"],
            CertificateBody=inputs["certificateBody"],
            PrivateKey=inputs["privateKey"],
            Tags=pairs(inputs.get("tagsAll")),
            **chain,
        )
        return str(made["ServerCertificateMetadata"]["ServerCertificateId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.iam.get_server_certificate(ServerCertificateName=known.get("name") or id)["ServerCertificate"]
        about = found["ServerCertificateMetadata"]
        times = {"expiration": about.get("Expiration"), "uploadDate": about.get("UploadDate")}
        return {
            "id": about["ServerCertificateId"],
            "arn": about["Arn"],
            "certificateBody": found["CertificateBody"],
            "certificateChain": found.get("CertificateChain", ""),
            "name": about["ServerCertificateName"],
            "path": about["Path"],
            "tags": mapping(found.get("Tags")),
            **{name: schemas.coerce(value, "string") for name, value in times.items() if value},
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.iam.update_server_certificate(ServerCertificateName=change.new["name"], NewPath=change.new["path"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        name = known["name"]
        aws.persist(lambda: aws.iam.delete_server_certificate(ServerCertificateName=name), "DeleteConflict")

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.iam.get_server_certificate(ServerCertificateName=inputs["name"])["ServerCertificate"]
        return str(found["ServerCertificateMetadata"]["ServerCertificateId"])
