"""Readers of project files, one module a tool.

Promise: a reader turns one folder's listing and one file's text into a `Project` and names of stacks.
Must not: walk folders, know the manifest or another tool.
"""
