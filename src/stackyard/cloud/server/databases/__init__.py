"""PostgreSQL servers: real ones, one for each RDS instance, confined, durable, and ended with the cloud.

Promise: a database that was available has every committed row after any end of the cloud, and is up again after its
next start; its files are seen by nobody but the cloud; its superuser is the cloud's alone.
Must not: know RDS (that is `patches.databases`), keep a password of a user in the clear, or block the event loop.
"""
