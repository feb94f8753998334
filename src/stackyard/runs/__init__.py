"""Many stacks: plans and carries out one operation over a selection of the graph.

Promise: a stack starts the moment its needs are done; a failure skips its dependents and nothing else;
every run ends with true state and no lock. Events are the only way it speaks.
Must not: know which engine or cloud a stack uses, read the command line, or print.
"""
