# check_exports.py: liblitert.so exports what include/litert declares, needs only libc and keeps its size.
# SPDX-License-Identifier: Apache-2.0
"""Usage: check_exports.py LIBRARY INCLUDE_DIR [--command FILE] [--nm NM] [--readelf READELF] [--strip STRIP]"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MAX_BYTES = 3 * 1024 * 1024
NODE = "LITERT_0"
NEEDED = re.compile(r"(libc|libm|libpthread)\.so\.6|libpthread\.so\.0|ld-linux[\w-]*\.so\.\d+")


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout


def declared(folder):
    """{function: header} of every LRT_API declaration."""
    found = {}
    for header in sorted(Path(folder).rglob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*", " ", header.read_text(encoding="utf-8"), flags=re.S | re.M)
        for declaration in re.findall(r"\bLRT_API\b([^;{]*)", text):
            match = re.search(r"(\w+)\s*\(", declaration)
            if match:
                found[match.group(1)] = header.name
    return found


def exported(library, nm):
    """{symbol: version node} of the dynamic symbols that the library defines."""
    found = {}
    for row in run(nm, "-D", "--defined-only", "--with-symbol-versions", library).splitlines():
        kind, symbol = row.split()[-2:]
        if kind != "A":
            name, _, node = symbol.partition("@")
            found[name] = node.lstrip("@")
    return found


def check(options):
    public, symbols = declared(options.include), exported(options.library, options.nm)
    for name in sorted(set(public) - set(symbols)):
        yield f"{name} is declared in {public[name]} and not exported"
    for name in sorted(set(symbols) - set(public)):
        yield f"{name} is exported and declared in no public header"
    for name, node in sorted(symbols.items()):
        if node != NODE:
            yield f"{name} has the version '{node}', not {NODE}"
    dynamic = run(options.readelf, "-dW", options.library)
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not NEEDED.fullmatch(name):
            yield f"the library needs {name}"
    if "[liblitert.so.0]" not in "".join(re.findall(r"\(SONAME\).*", dynamic)):
        yield "the library's SONAME is not liblitert.so.0"
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "stripped")
        run(options.strip, "-o", copy, options.library)
        size = os.path.getsize(copy)
    print(f"{len(symbols)} functions exported, {size} bytes stripped")
    if size > MAX_BYTES:
        yield f"the stripped library has {size} bytes, more than {MAX_BYTES}"
    if options.command and "[liblitert.so" in run(options.readelf, "-dW", options.command):
        yield "the command needs liblitert.so beside the functions it holds itself: state would be there twice"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("include")
    parser.add_argument("--command")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--readelf", default="readelf")
    parser.add_argument("--strip", default="strip")
    findings = list(check(parser.parse_args()))
    for sentence in findings:
        print(sentence)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
