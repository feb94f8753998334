"""The program inside an activated environment's task: source at its commit, plugins, Meltano, one atomic commit.

Promise: a run that is killed at any moment and repeated leaves exactly the rows of an undisturbed one.
Must not: import anything of the product; standard library and boto3 only, for it runs in the task's own image, where
this folder is the package `runner` (`start.py` is its door). So its modules import each other relatively.

How it ends (the task's exit code):

    0         the run is committed
    64        its order is incomplete or malformed
    65        the source is not what the order says, or cannot be unpacked
    66        a secret or the plugins are not there
    73        the commit was refused: somebody else has the lease by now
    124       the time limit was reached
    143       it was asked to stop (SIGTERM)
    others    Meltano's own; 1 is a fault of the project, or of what it talks to
"""
