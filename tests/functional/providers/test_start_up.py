"""What a provider loads, and when."""

from __future__ import annotations

import subprocess
import sys


def test_cryptography_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, stackyard.providers.tls; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
