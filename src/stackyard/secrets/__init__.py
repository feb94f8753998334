"""Secrets managers: text to ciphertext that the Pulumi CLI can open, and back.

Promise: no key is asked for, read or derived before the first secret; each salt is derived once a process;
no passphrase or plaintext appears in an error. `opening.Opener` finds a stack's manager.
Must not: know what a checkpoint or a stack is; print; prompt.
"""
