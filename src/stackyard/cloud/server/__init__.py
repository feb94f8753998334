"""The embedded cloud's process: ministack behind a gate of ours, with its faults cured.

Runs by path in a virtual environment of its own (`requirements.txt`), under the package name `cloudserver`.
Promise: listens on 127.0.0.1 alone, accepts only keys that were minted here, never answers for a thing that does
not run, and with `durable` has every write on disk before it answers it.
Must not: import anything of stackyard, or read the user's AWS settings.
"""
