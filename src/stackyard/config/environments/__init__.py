"""Environments: composable bundles of values in Pulumi ESC's syntax, evaluated here, without any service.

Promise: `environments/<name>.yaml` means what it means to ESC (pulumi/esc ast, eval); every value knows the file and
line that gave it and what it overrode; every fault is a located diagnostic; time and memory are bounded.
Must not: call a provider (`fn::open` is refused by name), read outside the folder of environments, print a secret.
"""
