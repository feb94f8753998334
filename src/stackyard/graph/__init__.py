"""Who needs whom: references between stacks, the graph they make, and selections of it.

Promise: every edge keeps the evidence for it; what cannot be told without running a program is said to be
unknown, with its position, and never guessed; evaluating a program's source runs none of it.
Must not: run programs, read secrets or state, write anything but the estate's index.
"""
