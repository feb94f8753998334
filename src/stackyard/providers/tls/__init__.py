"""The `tls` package: private keys, certificate requests and certificates, remembered in state.

Promise: keys and certificates are real (made by OpenSSL through `cryptography`); private keys are secret.
Must not: import `cryptography` before the first key is made; touch anything outside state.
"""

from stackyard.providers.tls.provider import TlsProvider

__all__ = ["TlsProvider"]
