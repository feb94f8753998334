"""What things cost: a dated price book × recorded resources × metered use, as rows of the FOCUS specification.

Promise: every figure can be traced to a price with its source, a resource or a metered amount, and an allocation rule.
Must not: call a cloud; it is given checkpoints and usage.
"""
