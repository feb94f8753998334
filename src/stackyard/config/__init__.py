"""A stack's configuration: what is written in its files, what that comes to, and how to change it.

Promise: values come out as the Pulumi CLI would give them to the program; every fault of the files is a located
diagnostic, all of them at once; an edit keeps comments and order. No key is asked for before the first secret.
Must not: read state, call a provider, evaluate a program.
"""
