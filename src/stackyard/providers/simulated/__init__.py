"""Any package without a provider of its own: its resources are recorded, and nothing runs behind them.

Promise: every step says `simulated`; inputs are checked against the installed SDK's own types; values that a real
provider would compute are placeholders that begin with `simulated-`.
Must not: import a package's SDK (it is read as text); answer a function call; present anything as real.
"""

from stackyard.providers.simulated.provider import SimulatedProvider

__all__ = ["SimulatedProvider"]
