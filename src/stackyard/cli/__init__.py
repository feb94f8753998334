"""The command line: one file a verb, each `options -> operation -> view`.

Promise: no logic; start-up imports nothing a verb does not need.
Must not: touch files, state or clouds itself, or be imported by anything but `__main__`.
"""
