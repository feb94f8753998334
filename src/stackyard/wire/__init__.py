"""The only door to Pulumi's protobuf messages.

Promise: bytes in, `model` values out, and back; nothing of protobuf or gRPC leaves this package. It opens no
connection, starts no process, and decides nothing: what a request means is the engine's business.
"""
