"""Runs programs in Pulumi YAML, interpreted here: no process, no plugin, no schema.

Promise: every fault of a program's shape is told at once, each with its place, before anything is registered; then
resources are registered as soon as what they need is there. It reads files of the project only, and calls nobody
but the monitor.
"""
