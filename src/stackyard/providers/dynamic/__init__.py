"""Resources whose provider is code of the program itself: `pulumi.dynamic` of the SDKs for Node.js and Python.

Promise: that code is run, by the SDK's own host, in the project's folder and with its packages; it never outlives us.
Must not: run anything of it in a preview but `check` and `diff`, as in Pulumi.
"""

from typing import Final

PACKAGES: Final = ("pulumi-nodejs", "pulumi-python")
"""The packages of such resources, by the language of their code."""
