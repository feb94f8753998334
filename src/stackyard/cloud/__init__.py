"""The embedded cloud: a local process that answers as AWS does, on the loopback address only.

Promise: `client` starts, finds, stops and describes that process and hands out credentials, with the standard
library alone; `server` is the process itself, in a virtual environment of its own.
Must not: know stacks, engines or estates. Everything else reaches the cloud by its endpoint URL.
"""
