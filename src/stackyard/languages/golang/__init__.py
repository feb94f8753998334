"""Runs Go programs: built once per state of their sources, or a binary that the project names.

Promise: what runs is what `go build` makes of the sources as they are. Builds are kept in the user's cache, some of
the last of each project; nothing is written into the project unless its options say so.
"""

from stackyard.languages.golang.language import GoLanguage

__all__ = ["GoLanguage"]
