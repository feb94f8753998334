"""The side of the embedded cloud that the product imports: start it, find it, stop it, credentials for it.

Promise: standard library only, and nothing here imports the server's code, which runs in another interpreter.
Must not: fall back to AWS, read the user's AWS settings, or keep a secret anywhere but in files of mode 0600.
"""

from stackyard.cloud.client.accounts import account_of, withheld
from stackyard.cloud.client.clouds import EmbeddedCloud
from stackyard.cloud.client.processes import CloudInfo, Settings

__all__ = ["CloudInfo", "EmbeddedCloud", "Settings", "account_of", "withheld"]
