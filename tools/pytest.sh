#!/bin/bash
# pytest.sh: runs the Python tests against a build folder: pytest.sh BUILD [pytest arguments].
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
build=$(cd "$1" && pwd -P)
shift
cd "$(dirname "$0")/.."
python=$(tools/setup.sh venv)/bin/python

LITERT_BUILD=$build "$python" -m pytest -p no:cacheprovider --no-header -rs "${@:-tests}"
