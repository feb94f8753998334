"""The verbs, as functions: the only door for the command line and the console.

Promise: each takes an open `workspace.Workspace` and plain arguments, returns plain data, and tells what
happens through events. `workspace` is the only place where parts are wired together.
Must not: print, parse options, or know how anything is shown.
"""
