"""New estates, projects, components and services on disk, by templates where there are any.

Promise: as few files as will do; nothing that exists is overwritten or followed through a symbolic link; a file that
gets a line is changed only when git has all of it; a refusal leaves everything as it was.
Must not: run anything of a template, write outside the place it is used in, or need anything but the standard library
to be used by a program it makes.
"""
