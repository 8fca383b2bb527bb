#!/bin/bash
# check_install.sh: installs into a fresh prefix; builds a consumer through CMake and pkg-config; checks the headers.
# SPDX-License-Identifier: Apache-2.0
# Usage: check_install.sh BUILD SOURCE COMPILER CMAKE
set -euo pipefail
build=$1 source=$2 compiler=$3 cmake=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
newline=$'\n'

"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$prefix" # an installed tree may be moved

echo "find_package(litert)"
"$cmake" -S "$source/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" >/dev/null
"$cmake" --build "$work/consumer" >/dev/null
"$work/consumer/consumer"

if command -v pkg-config >/dev/null; then
  echo "pkg-config litert"
  pc=$(dirname "$(find "$prefix" -name litert.pc)")
  # shellcheck disable=SC2046  # flags are words
  "$compiler" "$source/consumer/consumer.c" -o "$work/by_pc" \
    $(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs litert) -Wl,-rpath,"$(PKG_CONFIG_PATH=$pc pkg-config --variable=libdir litert)"
  "$work/by_pc"
else
  echo "pkg-config is not installed: its part is left out"
fi

plus_plus=
for candidate in "g++ -x c++" "clang++ -x c++" "clang -x c++"; do
  if command -v "${candidate%% *}" >/dev/null; then plus_plus=$candidate && break; fi
done
[ -n "$plus_plus" ] || echo "no C++ compiler: headers are compiled as C only"
warnings="-Wall -Wextra -Wpedantic -Werror -fsyntax-only -I$prefix/include"
while read -r header; do
  # shellcheck disable=SC2086  # flags are words
  "$compiler" -x c -std=c99 $warnings - <<<"#include \"${header#"$prefix/include/"}\"${newline}int one;"
  # shellcheck disable=SC2086
  [ -z "$plus_plus" ] || $plus_plus -std=c++11 $warnings - <<<"#include \"${header#"$prefix/include/"}\"${newline}int one;"
done < <(find "$prefix/include" -name '*.h')
echo "$(find "$prefix/include" -name '*.h' | wc -l) headers compile alone as C99${plus_plus:+ and C++11}"

if [ -x "$prefix/bin/litert" ]; then
  "$prefix/bin/litert" version >/dev/null
  echo "the installed command starts"
fi
