"""Providers: what manages the resources of one package for the embedded engine.

Promise: every provider keeps the contract of `base.Provider`, checked by `testing.provider_suite`; a package that
nobody here knows is simulated, and says so on every step.
Must not: know engines, state or programs; import another provider; show a value that it was given.
"""
