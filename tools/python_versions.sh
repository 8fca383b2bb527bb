#!/bin/bash
# python_versions.sh: runs the tests of the one wheel on every CPython from 3.9 to 3.13 that is there.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/python_versions.sh BUILD [VERSION…]   versions like 3.12; absent ones are skipped and named.
# The wheel is built once, with the limited API; each version gets a virtual environment outside the repository.
set -euo pipefail
build=$(cd "$1" && pwd -P)
shift
cd "$(dirname "$0")/.."
versions=("$@")
if [ ${#versions[@]} = 0 ]; then versions=(3.9 3.10 3.11 3.12 3.13); fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/litert
python=$(tools/setup.sh venv)/bin/python
work=$(mktemp -d "${TMPDIR:-/tmp}/litert-python.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$python" -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir "$work" \
  --config-settings=build-dir="$build/python" \
  --config-settings=cmake.define.LRT_ROOMS_ARCHIVE="$build/liblitert_rooms.a" .
wheel=$(echo "$work"/litert-*.whl)

# interpreter VERSION: the program, in PATH or among pyenv's; nothing where there is none.
interpreter() {
  local candidate
  for candidate in "$(command -v "python$1" || true)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if [ -x "$candidate" ] && [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$1" ] &&
       "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

failed=0
for version in "${versions[@]}"; do
  program=$(interpreter "$version")
  if [ -z "$program" ]; then
    echo "CPython $version: skipped, no such interpreter"
    continue
  fi
  home=$cache/python-$version
  if [ ! -x "$home/bin/python" ]; then "$program" -m venv "$home"; fi
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check numpy pytest pillow
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheel"
  if LITERT_BUILD=$build "$home/bin/python" -m pytest -q -p no:cacheprovider tests/test_litert.py tests/python \
      >"$work/$version.log" 2>&1; then
    echo "CPython $version: $(tail -n 1 "$work/$version.log")"
  else
    cat "$work/$version.log"
    echo "CPython $version: failed"
    failed=1
  fi
done
exit $failed
