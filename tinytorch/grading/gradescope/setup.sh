#!/usr/bin/env bash
# Runs once, when Gradescope builds the image: NumPy, bubblewrap where there is one, and tinytorch from this very archive.
set -euo pipefail
root=${AUTOGRADER_ROOT:-}
apt-get update -q
apt-get install -y -q --no-install-recommends python3 python3-venv bubblewrap
python=python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    apt-get install -y -q --no-install-recommends python3.11 python3.11-venv
    python=python3.11
fi
$python -m venv $root/opt/tinytorch
$root/opt/tinytorch/bin/python -m pip install --quiet 'numpy>=1.24'
cp -r $root/autograder/source/tinytorch $root/autograder/source/modules $root/autograder/source/datasets $root/opt/tinytorch/
# a student's code runs as somebody else, who has nothing to read here
chmod -R go-rwx "$root"/autograder/source "$root"/opt/tinytorch/{tinytorch,modules,datasets}
