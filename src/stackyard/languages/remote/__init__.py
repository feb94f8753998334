"""What the languages share whose programs are processes that speak Pulumi's gRPC.

Promise: a program is started with the addresses of servers of its own, its calls reach its `base.Monitor`, and when
it ends nothing that it started is left. It knows no language: how a program is started, and how its errors are
read, is said by whoever uses it.
"""

from stackyard.languages.remote.programs import Command, Told, run

__all__ = ["Command", "Told", "run"]
