"""Runs Pulumi programs without the Pulumi CLI, against in-process providers.

Promise: an intent is durable before its effect, the plan and the apply decide by the same code, and the
record always folds to a snapshot that keeps the rules of the checkpoint format.
Must not: store bytes, start processes, or know a cloud; a `Language` runs programs, a `Provider` makes
resources, a `StackState` keeps the record.
"""
