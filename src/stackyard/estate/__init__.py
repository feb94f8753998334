"""From files to an `Estate`: the manifest, the folders that hold projects, their stacks, and fleets.

Promise: every fault of the user's files comes back as a located diagnostic, all of them at once; hostile files
(alias bombs, symbolic links, paths that leave the estate, files without end) are refused, never followed.
Must not: run a program, read a value of a stack's configuration, know an engine or a backend.
"""
