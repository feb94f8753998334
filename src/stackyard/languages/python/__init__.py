"""Python programs, run by forking a warm interpreter.

Promise: an unmodified Pulumi program behaves as under Pulumi's own executor, each in a process of its own; no
process outlives its parent. The parent imports no SDK and starts no thread. Why it is built so:
docs/design/0005-running-programs.md.
"""

from stackyard.languages.python.language import PythonLanguage

__all__ = ["PythonLanguage"]
