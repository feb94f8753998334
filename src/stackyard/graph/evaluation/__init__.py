"""Evaluates Python programs without running them, as far as stack references and exports need it.

Promise: nothing of a program is executed or imported; work is bounded in steps, depth and size whatever the
source says; what cannot be told is `Unknown` with its reason, and nothing is guessed from it.
Must not: read files other than Python sources of the estate, or know how a stack's configuration is stored.

    sources      files, parsed once, and where an import leads
    scopes       which statements matter: a backward slice by names
    values       what an expression can be
    pure         operations on plain data, bounded
    state, expressions, statements, objects, modules, machine: one evaluation, each adding its part
"""
