"""State: checkpoints, journals, locks and histories, as the Pulumi CLI's DIY backend lays them out.

Promise: a write is durable and atomic when it returns, keeps the copy before it, and never drops what no
step removed; readers never block; what the CLI wrote is read, and what is written the CLI reads.
Must not: execute a step, call a provider, or know what a program is. docs/design/0003-state.md tells why.
"""
