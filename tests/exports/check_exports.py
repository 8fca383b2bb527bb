# check_exports.py: a library exports what its headers declare, needs only libc and keeps its size.
# SPDX-License-Identifier: Apache-2.0
"""Usage: check_exports.py LIBRARY INCLUDE_DIR [--face litert|tflite] [--command FILE] [--nm NM] [--readelf READELF] [--strip STRIP]"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MAX_BYTES = 3 * 1024 * 1024
# Name of a face: mark of its declarations, what its functions are called, version node, SONAME.
FACES = {
    "litert": ("LRT_API", r"lrt_\w+", "LITERT_0", "liblitert.so.0"),
    "tflite": ("TFL_CAPI_EXPORT", r"TfLite\w+", "VERS_1.0", "libtensorflowlite_c.so"),
}
NEEDED = re.compile(r"(libc|libm|libpthread)\.so\.6|libpthread\.so\.0|ld-linux[\w-]*\.so\.\d+")


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout


def declared(folder, mark, names):
    """{function: header} of every declaration with the face's mark; plug-ins export some of another name."""
    found = {}
    for header in sorted(Path(folder).rglob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*", " ", header.read_text(encoding="utf-8"), flags=re.S | re.M)
        for declaration in re.findall(rf"\b{mark}\b([^;{{]*)", text):
            match = re.search(r"(\w+)\s*\(", declaration)
            if match and re.fullmatch(names, match.group(1)):
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
    mark, names, wanted_node, soname = FACES[options.face]
    public, symbols = declared(options.include, mark, names), exported(options.library, options.nm)
    for name in sorted(set(public) - set(symbols)):
        yield f"{name} is declared in {public[name]} and not exported"
    for name in sorted(set(symbols) - set(public)):
        yield f"{name} is exported and declared in no public header"
    for name, node in sorted(symbols.items()):
        if node != wanted_node:
            yield f"{name} has the version '{node}', not {wanted_node}"
    dynamic = run(options.readelf, "-dW", options.library)
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not NEEDED.fullmatch(name):
            yield f"the library needs {name}"
    if f"[{soname}]" not in "".join(re.findall(r"\(SONAME\).*", dynamic)):
        yield f"the library's SONAME is not {soname}"
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
    parser.add_argument("--face", choices=sorted(FACES), default="litert")
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
