"""Events, plans, tables, graphs and diagnostics, shown.

Promise: a view takes data and writes it; secrets are masked before anything is formatted; without a terminal there
is no cursor movement, with NO_COLOR no colour.
Must not: decide, wait or ask; import anything of the product but model, kit and errors; read a secret.
"""
