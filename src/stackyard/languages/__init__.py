"""How programs are started and heard, one package a runtime; `base` is the contract.

Promise: a program runs as its own runtime would run it, and every request it makes reaches a `base.Monitor` as
`model` values. A language knows no engine, no state, no provider; it decides nothing about resources.
"""
