#!/bin/bash
# pytest.sh: runs the Python tests against a build folder: pytest.sh BUILD [pytest arguments].
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
build=$(cd "$1" && pwd -P)
shift
cd "$(dirname "$0")/.."
python=$(tools/setup.sh venv)/bin/python

# The package goes into the environment, around the library that the build folder has compiled already.
"$python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
  --config-settings=build-dir="$build/python" \
  --config-settings=cmake.define.LRT_ROOMS_ARCHIVE="$build/liblitert_rooms.a" \
  --config-settings=cmake.define.LRT_WERROR=ON .

LITERT_BUILD=$build "$python" -m pytest -p no:cacheprovider --no-header -rs "${@:-tests}"
