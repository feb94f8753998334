"""How much of what was used: requests, units of tables, calls of functions, messages, bytes, by hour and resource.

Every service's work is counted where it is done (`services`, `tables`), bytes where they pass (`passages`), in cells of
a file that the kernel holds (`counters`); the control endpoint reads them (`reading`).

Promise: what was answered was counted before; after kill -9 no count is missing; after a loss of power, at most those
of the last `counting.SETTLED` seconds are. Whoever calls counts, the product and its readers too, as on AWS.
Must not: keep a request waiting for the disk, refuse one because it cannot be counted, or know a price.
"""
