"""The AWS provider: resources of package `aws`, as pulumi_aws describes them, over boto3's clients.

Promise: works on AWS and on any endpoint that speaks its protocols; a type that it does not know, or an input
that it does not carry out, is a failure, never ignored. Must not: import a service before it is asked for,
read the process's environment when it is given one, or show a secret.

    provider     the contract of `providers.base`, in threads
    lifecycle    what all types share: check, diff, preview, create, read, update, delete, find
    kinds        what one type states: the class that the code of a type extends
    tables       a `Kind` whose calls are tables over botocore's models
    comparing    equality by meaning          documents   JSON texts, policies
    schemas      property names and types     naming, tagging, settings, faults
    connections  sessions, clients, waiting   catalog     token → code

A service is a folder: `__init__` with its tables TYPES and FUNCTIONS (name → module), `schema.json` (made by
`tools/scaffold_aws.py --schema SERVICE`), and modules of types. How to add one: docs/guide/aws-provider.md.
"""
