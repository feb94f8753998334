"""Reads which stacks programs in TypeScript, JavaScript, Go and YAML refer to, without running them.

Promise: by their tokens, not by their semantics. A name is followed where it is given once, as a literal, a template,
a setting or the stack's own names; everything else is "cannot be told", with the reason. What is told is so; what is
not found may be there, and runs record it.
"""
