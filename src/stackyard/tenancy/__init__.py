"""Organizations, their hosted projects and activated environments: files are the truth, everything else follows.

Promise: nothing is destroyed because a remote was down, and nothing before its archive is verified; one
organization's fault never stops another's.
Must not: know the command line, or deploy by itself (it is given what deploys).
"""
