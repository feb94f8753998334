#!/usr/bin/env bash
# Builds the virtual environment in $1 from uv.lock. Needs Python 3.11 or 3.12 and PyPI, nothing else.
set -euo pipefail
venv=${1:-.venv}

usable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }

if [ ! -x "$venv/bin/python" ] || ! usable "$venv/bin/python"; then
    python=
    for candidate in ${PYTHON:-} python3.12 python3.11 python3 python; do
        if usable "$candidate"; then python=$candidate && break; fi
    done
    if [ -z "$python" ]; then
        echo "setup: no usable Python 3.11 or 3.12 on PATH (with venv and ensurepip)." >&2
        echo "setup: on Debian or Ubuntu: sudo apt-get install python3 python3-venv; or set PYTHON=/path/to/python3.12" >&2
        exit 1
    fi
    echo "setup: making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'uv==0.13.8'
echo "setup: installing the locked dependencies"
UV_PROJECT_ENVIRONMENT=$venv "$venv/bin/uv" sync --locked --inexact --quiet --compile-bytecode
