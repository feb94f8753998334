"""How a stack is run.

Promise: an engine takes a `StackContext` and answers with plans and updates; each is found by name through
`engines.registry`.
Must not: let one engine know another, or read configuration, state or files by itself.
"""
