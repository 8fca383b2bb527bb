#!/usr/bin/env python3
# lint.py: checks the rules of the house that no compiler knows; prints "file:line: sentence" per finding.
# SPDX-License-Identifier: Apache-2.0
"""Usage: lint.py [--root DIR] [--report | --quote]   exit 0: clean, 1: findings, 2: usage.

Standard library only, Python 3.9 or newer. Each rule is one function that takes the tree and yields findings.
"""
import argparse
import ast
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

# Which rooms of src/ a room may include besides itself and include/ (CONTRIBUTING.md draws the picture).
ROOMS = {
    "base": set(),
    "formats": {"base"},
    "opset": {"base"},
    "kernels": {"base"},
    "graph": {"base", "opset"},
    "ops": {"base", "formats", "opset", "graph", "kernels"},
    "model": {"base", "formats", "opset", "graph"},
    "runtime": {"base", "opset", "graph", "ops"},
    "interp": {"base", "opset", "graph", "ops", "model", "runtime"},
    "tokenizer": {"base", "formats"},
    "llm": {"base", "formats", "model", "tokenizer"},
    "quant": {"base", "opset", "graph", "kernels", "model"},
    "convert": {"base", "formats", "opset", "graph", "model", "quant", "tokenizer"},
    "zoo": {"base", "formats"},
}
ROOMS["api"] = set(ROOMS)
# Folders outside src/: which rooms they may look into (absent: any).
OUTSIDE = {"include": set(), "apps": {"base", "formats"}, "delegates": set(), "bindings": set(), "examples": set()}

# Headers of an allowed room that are none of a room's business.
WITHHELD = {
    "kernels": {"src/base/alloc.h", "src/base/arena.h", "src/base/team.h", "src/base/source.h",
                "include/litert/threads.h"},
}

FUNCTION_LINES, KERNEL_LINES, FILE_LINES, EXAMPLE_LINES = 120, 250, 1200, 80
MEDIAN_LINES, P95_LINES, P95_FILE_LINES = 15, 80, 800
C_SUFFIXES = {".c", ".h", ".def"}
HASH_SUFFIXES = {".py", ".sh", ".cmake"}
HASH_NAMES = {"CMakeLists.txt", "Makefile"}
# Names that tools prescribe once per folder.
REPEATED_NAMES = {"CMakeLists.txt", "Makefile", "README.md", "__init__.py", "__main__.py", "conftest.py", ".gitignore",
                  "py.typed", "pyproject.toml"}
SPDX = "SPDX-License-Identifier: Apache-2.0"

# Drop-in headers: their names and places are others', and their inline functions are compiled into plug-ins.
UPSTREAM = ("include/tflite/", "include/tensorflow/")

HEAP_DOOR = "src/base/alloc.c"
HEAP = r"malloc|calloc|realloc|free|aligned_alloc|posix_memalign|memalign|strdup|strndup|asprintf|vasprintf|alloca"
PRINT = r"printf|vprintf|puts|putchar|perror"
STOP = r"exit|_exit|_Exit|quick_exit|abort|assert"
ENVIRONMENT = r"getenv|secure_getenv|setenv|unsetenv|putenv"

# This file and its tests have to spell what they forbid.
SPELLS_FORBIDDEN = {"tools/lint.py", "tests/tools/test_lint.py"}
PRIVATE_PLACES = re.compile(r"(?<![\w.~$}/:-])(/(?:work|home|root|Users|mnt|opt|srv|data)/[\w.-]+|[A-Z]:\\\\?[\w.-]+)")
REGISTRIES = re.compile(
    r"\b(?:pypi\.org|(?:\w+\.)?pythonhosted\.org|(?:deb|security|ftp\.?\w*)\.debian\.org|registry\.npmjs\.org|"
    r"(?:static\.)?crates\.io|proxy\.golang\.org)\b|--(?:extra-)?index-url|https?://\d+\.\d+\.\d+\.\d+")


class SourceFile:
    """One text file: `path` relative to the root with forward slashes, `text`, `lines`."""

    def __init__(self, path, text):
        self.path, self.text, self.lines = path, text, text.splitlines()
        self.name = path.rsplit("/", 1)[-1]
        self.suffix = os.path.splitext(self.name)[1]
        self.top = path.split("/", 1)[0] if "/" in path else ""
        parts = path.split("/")
        self.room = parts[1] if self.top == "src" and len(parts) > 2 else None
        self.is_c = self.suffix in C_SUFFIXES
        self.code = blank_comments(text) if self.is_c else text  # line numbers are those of `text`

    def is_script(self):
        return self.suffix in HASH_SUFFIXES or self.name in HASH_NAMES or self.text.startswith("#!")


def blank_comments(text):
    """C text with comments, string and character literals replaced by blanks; newlines stay."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)

    return pattern.sub(blank, text)


def list_paths(root):
    """Tracked and new files that git does not ignore; every file where there is no git."""
    git = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if git.returncode == 0:
        return sorted(set(git.stdout.decode().split("\0")) - {""})
    paths = (p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    return sorted(p for p in paths if not re.match(r"\.git/|build[^/]*/", p))


def read_tree(root):
    files = []
    for path in list_paths(root):
        full = root / path
        if full.is_symlink() or not full.is_file() or full.stat().st_size > 4_000_000:
            continue
        data = full.read_bytes()
        if b"\0" in data:
            continue
        try:
            files.append(SourceFile(path, data.decode("utf-8")))
        except UnicodeDecodeError:
            continue
    return files


# ---- includes ----


def includes_of(file):
    """(line number, quoted path) of each #include "…"."""
    for number, line in enumerate(file.lines, 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if match:
            yield number, match.group(1)


def resolve_include(file, name, known):
    """The path in the tree that an include means, or None for a system header."""
    folder = file.path.rsplit("/", 1)[0] + "/" if "/" in file.path else ""
    for candidate in (folder + name, "src/" + name, "include/" + name, "tests/" + name):
        normal = os.path.normpath(candidate).replace(os.sep, "/")
        if normal in known:
            return normal
    return None


def check_include_direction(tree):
    known = {f.path for f in tree}
    for file in tree:
        if not file.is_c or (file.room is None and file.top not in OUTSIDE):
            continue
        if file.room is not None and file.room not in ROOMS:
            yield file.path, 1, f"the room '{file.room}' is not in the table of rooms in tools/lint.py"
            continue
        allowed = ROOMS[file.room] if file.room else OUTSIDE[file.top]
        for number, name in includes_of(file):
            target = resolve_include(file, name, known)
            if target is None:
                yield file.path, number, f'"{name}" is not a file of the tree'
            elif target in WITHHELD.get(file.room, ()):
                yield file.path, number, f"{file.room} may not include {name}"
            elif target.startswith("src/"):
                room = target.split("/")[1]
                if room != file.room and room not in allowed:
                    yield file.path, number, f"{file.room or file.top} may not include {room} ({name})"
            elif not target.startswith("include/") and target.split("/")[0] != file.top:
                yield file.path, number, f"{file.room or file.top} may not include a file of {target.split('/')[0]}/"


def include_edges(tree):
    """{file: [(file, line number, included file)]}"""
    known = {f.path for f in tree}
    edges = {}
    for file in tree:
        for number, name in includes_of(file) if file.is_c else ():
            target = resolve_include(file, name, known)
            if target is not None:
                edges.setdefault(file.path, []).append((file.path, number, target))
    return edges


def check_include_circles(tree):
    edges, state, stack, found = include_edges(tree), {}, [], []

    def visit(node):
        state[node] = "open"
        stack.append(node)
        for path, number, target in edges.get(node, ()):
            if state.get(target) == "open":
                circle = stack[stack.index(target):] + [target]
                found.append((path, number, "files include each other: " + " -> ".join(circle)))
            elif target not in state:
                visit(target)
        stack.pop()
        state[node] = "done"

    for node in sorted(edges):
        if node not in state:
            visit(node)
    yield from found


# ---- captions, names, sizes ----


def check_captions(tree):
    for file in tree:
        if file.suffix == ".md":
            if file.lines and not file.lines[0].startswith("# "):
                yield file.path, 1, "the first line is a heading of the form '# Title'"
            continue
        opening, closing = ("/* ", " */") if file.is_c else ("# ", "")
        if not file.is_c and not file.is_script():
            continue
        if not file.text.strip():
            if file.name != "__init__.py":
                yield file.path, 1, "the file is empty"
            continue
        start = 1 if file.lines[0].startswith("#!") else 0
        head = file.lines[start:start + 2] + ["", ""]
        caption = re.escape(opening + file.name) + r": \S.*" + re.escape(closing) + "$"
        if not re.match(caption, head[0]):
            yield file.path, start + 1, f"the line says the role of the file: {opening}{file.name}: role{closing}"
        elif head[1] != opening + SPDX + closing:
            yield file.path, start + 2, f"the line is exactly: {opening}{SPDX}{closing}"


def check_file_names(tree):
    seen = {}
    for file in tree:
        if file.name in REPEATED_NAMES or file.path.startswith("tests/data/") or file.path.startswith(UPSTREAM):
            continue
        # A public header and the header of the room behind it may share a name: litert/log.h, base/log.h.
        key = (file.name, file.top == "include")
        if key in seen:
            yield file.path, 1, f"the file name is taken by {seen[key]}; names are unique in the tree"
        else:
            seen[key] = file.path


def check_file_length(tree):
    for file in tree:
        limit = EXAMPLE_LINES if file.top == "examples" else FILE_LINES
        if (file.is_c or file.is_script()) and len(file.lines) > limit:
            yield file.path, limit + 1, f"the file has {len(file.lines)} lines, more than {limit}"


def c_functions(file):
    """(name, first line, last line) of each function body at file scope; preprocessor lines are skipped."""
    depth, line, head, head_line, start, name = 0, 1, "", 0, 0, ""
    branches = []  # brace depth at each open #if, so that #else starts from the same one
    continued = False
    for raw in file.code.split("\n"):
        if continued or raw.lstrip().startswith("#"):
            word = re.match(r"\s*#\s*(\w+)", raw)
            if not continued and word:
                if word.group(1) in ("if", "ifdef", "ifndef"):
                    branches.append(depth)
                elif word.group(1) in ("else", "elif") and branches:
                    depth = branches[-1]
                elif word.group(1) == "endif" and branches:
                    branches.pop()
            continued = raw.endswith("\\")
            line += 1
            continue
        for char in raw:
            if char == "{":
                if depth == 0 and re.search(r'\bextern\s+" *"\s*$', head):
                    head = ""
                    continue
                if depth == 0:
                    match = re.search(r"(\w+)\s*\(", head)
                    start = head_line if match and "=" not in head and ")" in head else 0
                    name = match.group(1) if match else ""
                depth += 1
            elif char == "}":
                depth = max(0, depth - 1)
                if depth == 0:
                    if start:
                        yield name, start, line
                    head, start = "", 0
            elif depth == 0:
                if char == ";":
                    head = ""
                elif head or not char.isspace():
                    head_line = head_line if head else line
                    head += char
        if depth == 0 and head:
            head += " "
        line += 1


def python_functions(file):
    try:
        module = ast.parse(file.text)
    except SyntaxError:
        return
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


def functions_of(file):
    if file.suffix in (".c", ".h"):
        return list(c_functions(file))
    return list(python_functions(file)) if file.suffix == ".py" else []


def check_function_length(tree):
    for file in tree:
        limit = KERNEL_LINES if file.room == "kernels" else FUNCTION_LINES
        for name, first, last in functions_of(file):
            if last - first + 1 > limit:
                yield file.path, first, f"{name} has {last - first + 1} lines, more than {limit}"


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0


def check_usual_lengths(tree):
    """Single long functions are fine; a house full of them is not."""
    own = [f for f in tree if f.top in ("src", "apps") and f.is_c]
    spans = [last - first + 1 for f in own for _, first, last in functions_of(f)]
    lengths = [len(f.lines) for f in own]
    if len(spans) >= 20 and statistics.median(spans) > MEDIAN_LINES:
        yield "src", 1, f"half of the functions have {statistics.median(spans):g} lines or more, over {MEDIAN_LINES}"
    if len(spans) >= 20 and percentile(spans, 95) > P95_LINES:
        yield "src", 1, f"5 % of the functions have {percentile(spans, 95)} lines or more, over {P95_LINES}"
    if len(lengths) >= 20 and percentile(lengths, 95) > P95_FILE_LINES:
        yield "src", 1, f"5 % of the files have {percentile(lengths, 95)} lines or more, over {P95_FILE_LINES}"


# ---- what code may not do ----


def calls(file, names):
    """(line number, name) of each call of a function of that name; members (x->free(…)) are not meant."""
    pattern = re.compile(r"(?<![\w.>])(" + names + r")\s*\(")
    for number, line in enumerate(file.code.split("\n"), 1):
        for match in pattern.finditer(line):
            yield number, match.group(1)


def check_calls(tree):
    for file in tree:
        if not file.is_c or file.top not in ("src", "apps", "include") or file.path.startswith(UPSTREAM):
            continue
        if file.path != HEAP_DOOR:
            for number, name in calls(file, HEAP):
                yield file.path, number, f"{name} is called; memory comes from base/alloc.h or base/arena.h"
        if file.room != "base":
            for number, name in calls(file, ENVIRONMENT):
                yield file.path, number, f"{name} is called; the environment is read in src/base only"
        for number, name in calls(file, STOP):
            yield file.path, number, f"{name} is called; errors are returned as lrt_status"
        if file.top == "apps":
            continue
        for number, name in calls(file, PRINT):
            yield file.path, number, f"{name} is called; the library never prints"
        for number, line in enumerate(file.code.split("\n"), 1):
            if re.search(r"\b(stdout|stderr|stdin)\b", line):
                yield file.path, number, "a standard stream is used; the library never prints"


def check_public_docs(tree):
    for file in tree:
        if file.top != "include" or file.suffix != ".h":
            continue
        code = file.code.split("\n")
        for index, line in enumerate(code):
            if not re.match(r"\s*LRT_API\b", line):
                continue
            above = index - 1
            # Declarations that stand together share the comment above the first.
            while above >= 0 and code[above].strip() and not code[above].lstrip().startswith("#"):
                above -= 1
            explained = above >= 0 and not code[above].strip() and file.lines[above].strip()
            if not explained and not re.search(r"/\*.*\*/\s*$", file.lines[index]):
                yield file.path, index + 1, "the public function has no comment above it"


def check_private_places(tree):
    for file in tree:
        if file.path in SPELLS_FORBIDDEN:
            continue
        for number, line in enumerate(file.lines, 1):
            match = PRIVATE_PLACES.search(line)
            if match:
                yield file.path, number, f"'{match.group(1)}' is a path of one machine"
            match = REGISTRIES.search(line)
            if match:
                yield file.path, number, f"'{match.group(0)}' names a package registry; its client knows where it is"


def check_tables(tree):
    """Each line of a .def table stands once: in one table, and in no other file."""
    entry = re.compile(r"\s*([A-Z]\w*\(.+\))\s*$")
    owners, copies = {}, {}
    for file in tree:
        if file.suffix != ".def":
            continue
        for number, line in enumerate(file.code.split("\n"), 1):
            if not entry.match(line):
                continue
            key = re.sub(r"\s+", "", file.lines[number - 1])
            if key in owners:
                yield file.path, number, f"the table line stands in {owners[key]} already"
            else:
                owners[key] = f"{file.path}:{number}"
    for file in tree:
        if file.suffix not in (".c", ".h"):
            continue
        for number, line in enumerate(file.lines, 1):
            if re.sub(r"[\s\\]+", "", line) in owners:
                copies.setdefault(file.path, []).append(number)
    for path, numbers in copies.items():
        if len(numbers) >= 3:
            yield path, numbers[0], f"{len(numbers)} lines repeat a .def table; include the table instead"


# ---- documents ----


def heading_anchor(title):
    kept = re.sub(r"[^\w\- ]", "", title.strip().lower())
    return kept.replace(" ", "-")


def prose_lines(file):
    fenced = False
    for number, line in enumerate(file.lines, 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, re.sub(r"`[^`]*`", "", line), line


def check_links(tree):
    known = {f.path for f in tree}
    folders = {parent for path in known for parent in ancestors(path)}
    anchors = {f.path: {heading_anchor(raw.lstrip("#")) for _, _, raw in prose_lines(f) if raw.startswith("#")}
               for f in tree if f.suffix == ".md"}
    for file in tree:
        if file.suffix != ".md":
            continue
        folder = os.path.dirname(file.path)
        for number, line, _ in prose_lines(file):
            for target in re.findall(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)", line):
                if re.match(r"[a-z][a-z0-9+.-]*:", target):
                    continue
                name, _, anchor = target.partition("#")
                path = os.path.normpath(os.path.join(folder, name)).replace(os.sep, "/") if name else file.path
                if path not in known and path not in folders:
                    yield file.path, number, f"the link '{target}' leads nowhere"
                elif anchor and path in anchors and anchor not in anchors[path]:
                    yield file.path, number, f"'{path}' has no heading '#{anchor}'"


# A page that shows a file: the marker, then the file between fences, word for word.
QUOTE = re.compile(r"^<!-- quote (\S+) -->\n(?:\n```[a-z]*\n(.*?\n)```$)?", re.M | re.S)
FENCES = {".c": "c", ".h": "c", ".py": "python"}


def check_quotes(tree):
    """What the documentation shows of a file is what the file says."""
    texts = {f.path: f.text for f in tree}
    for file in tree:
        for match in QUOTE.finditer(file.text) if file.suffix == ".md" else ():
            number = file.text.count("\n", 0, match.start()) + 1
            if match[1] not in texts:
                yield file.path, number, f"{match[1]} is quoted and does not exist"
            elif match[2] != texts[match[1]]:
                yield file.path, number, f"{match[1]} is not quoted word for word, tools/lint.py --quote does it"


def write_quotes(root, tree):
    texts = {f.path: f.text for f in tree}

    def quote(match):
        text = texts.get(match[1])
        if text is None:
            return match[0]
        fence = FENCES.get(os.path.splitext(match[1])[1], "")
        return f"<!-- quote {match[1]} -->\n\n```{fence}\n{text}```" + ("\n" if match[2] is None else "")

    for file in tree:
        if file.suffix == ".md" and QUOTE.search(file.text):
            (root / file.path).write_text(QUOTE.sub(quote, file.text))


def ancestors(path):
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path
    yield "."


RULES = (check_include_direction, check_include_circles, check_captions, check_file_names, check_file_length,
         check_function_length, check_usual_lengths, check_calls, check_public_docs, check_private_places,
         check_tables, check_links, check_quotes)


def print_report(tree):
    print(f"{'folder':<16}{'files':>7}{'lines':>9}{'file p95':>10}{'file max':>10}"
          f"{'functions':>11}{'fn median':>11}{'fn p95':>8}{'fn max':>8}")
    groups = {"all": []}
    for file in tree:
        if file.is_c or file.suffix == ".py":
            groups["all"].append(file)
            groups.setdefault(f"src/{file.room}" if file.room else file.top or ".", []).append(file)
    for name in sorted(groups, key=lambda n: (n == "all", n)):
        lengths = [len(f.lines) for f in groups[name]]
        spans = [last - first + 1 for f in groups[name] for _, first, last in functions_of(f)]
        print(f"{name:<16}{len(lengths):>7}{sum(lengths):>9}{percentile(lengths, 95):>10}{max(lengths, default=0):>10}"
              f"{len(spans):>11}{statistics.median(spans) if spans else 0:>11g}{percentile(spans, 95):>8}"
              f"{max(spans, default=0):>8}")


def main():
    parser = argparse.ArgumentParser(description="Checks the rules of the house.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--report", action="store_true", help="print size statistics instead")
    parser.add_argument("--quote", action="store_true", help="write quoted files into the documentation again")
    options = parser.parse_args()
    tree = read_tree(options.root)
    if options.quote:
        write_quotes(options.root, tree)
        return 0
    if options.report:
        print_report(tree)
        return 0
    findings = sorted(finding for rule in RULES for finding in rule(tree))
    for path, number, sentence in findings:
        print(f"{path}:{number}: {sentence}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
