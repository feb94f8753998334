"""Pure frozen data: the nouns of the product.

Promise: standard library only, no I/O, no clock, no randomness; every value can be compared and pickled.
Must not: import anything of the product but `errors`.
"""
