#!/usr/bin/env bash
# Runs once, when Gradescope builds the image: NumPy, bubblewrap where there is one, and tinytorch from this very archive.
set -euo pipefail
apt-get update -q
apt-get install -y -q --no-install-recommends python3 python3-venv bubblewrap
python3 -m venv /opt/tinytorch
/opt/tinytorch/bin/python -m pip install --quiet 'numpy>=1.24'
cp -r /autograder/source/tinytorch /autograder/source/modules /autograder/source/datasets /opt/tinytorch/
chmod -R go-rwx /autograder/source  # a student's code runs as somebody else
