#!/usr/bin/env bash
# Usage: python.sh test|demo|bench. Builds the wheel into a virtual environment under target/ and runs what is asked for.
set -euo pipefail

if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "SKIPPED the Python $1: no Python 3.11 with venv"
    [ "${CI:-}" != true ] || exit 1
    exit 0
fi
venv=$PWD/target/python-venv
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
export PATH=$venv/bin:$PATH VIRTUAL_ENV=$venv
"$venv/bin/python" -m pip install --quiet 'cryptography>=45' 'maturin>=1.16,<2' 'mypy>=1.18' 'pytest>=9'
"$venv/bin/python" -m pip install --quiet --no-build-isolation --force-reinstall --no-deps ./python

case $1 in
test)
    # The formats, read by the document alone.
    "$venv/bin/python" tests/format/check.py tests/vectors
    cd python
    # The package's sources are in pysrc/, off the path: the installed wheel is what is tested.
    "$venv/bin/python" -m pytest -q
    "$venv/bin/python" -m pytest -q --doctest-modules --pyargs tenantseal
    "$venv/bin/python" -m mypy --strict tests
    "$venv/bin/python" -m mypy --strict -p tenantseal
    "$venv/bin/python" -m mypy.stubtest tenantseal
    ;;
demo)
    "$venv/bin/python" python/examples/demo.py
    ;;
bench)
    "$venv/bin/python" -m pip install --quiet pycryptodome
    "$venv/bin/python" python/benches/crossing.py
    ;;
*)
    echo "usage: python.sh test|demo|bench" >&2
    exit 2
    ;;
esac
