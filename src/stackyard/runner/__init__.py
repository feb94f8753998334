"""The program inside an activated environment's task: source at its commit, plugins, Meltano, one atomic commit.

Promise: a run that is killed at any moment and repeated leaves exactly the rows of an undisturbed one.
Must not: import anything of the product; standard library and boto3 only, for it runs in the task's own image.
"""
