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
uv="$venv/bin/uv"
uv_version=0.13.8
if [ "$("$uv" --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
    echo "setup: installing uv $uv_version, which reads uv.lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
fi

export UV_PROJECT_ENVIRONMENT=$venv
if ! told=$("$uv" sync --locked --inexact --dry-run 2>&1); then
    echo "$told" >&2 && exit 1
fi
wanted=$(sed -n -E 's/^Would ((un)?install .*)/\1/p' <<<"$told" | paste -sd, | sed 's/,/, /g')
if [ -n "$wanted" ]; then
    echo "setup: following uv.lock: $wanted (with downloads and compilation about a minute)"
    "$uv" sync --locked --inexact --quiet --compile-bytecode
    echo "setup: ready after ${SECONDS} s"
fi
