"""What runs inside a project's own interpreter: a warm zygote and the programs forked from it.

Promise: standard library and the `pulumi` SDK only, Python 3.10 or later, nothing of stackyard. It is started by
path (`__main__.py`) and loaded under a private name, so that no name of ours can hide a module of the program.
No gRPC channel and no thread exists before a fork.
"""
