"""AWS Certificate Manager: certificates, and waiting for their proof."""

TYPES = {"Certificate": "certificates", "CertificateValidation": "certificates"}
FUNCTIONS: dict[str, str] = {}
