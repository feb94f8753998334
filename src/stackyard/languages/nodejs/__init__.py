"""Runs Node.js programs, in JavaScript or TypeScript, as the SDK's own runner starts them.

Promise: the project's own `@pulumi/pulumi` runs the program, with the arguments and environment that Pulumi gives it.
It installs nothing and compiles nothing: what is missing is told, with how to get it.
"""

from stackyard.languages.nodejs.language import NodejsLanguage

__all__ = ["NodejsLanguage"]
