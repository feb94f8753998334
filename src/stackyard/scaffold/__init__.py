"""New estates and projects on disk.

Promise: as few files as will do, and nothing that exists is ever overwritten or followed through a symbolic link.
Must not: run anything, or need anything but the standard library to be used by a program it makes.
"""
