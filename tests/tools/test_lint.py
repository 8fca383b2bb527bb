# test_lint.py: each rule of tools/lint.py reports a tiny bad tree and accepts the good one.
# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from pathlib import Path

import pytest

LINT = Path(__file__).resolve().parents[2] / "tools" / "lint.py"
TAG = "SPDX-License-Identifier: Apache-2.0"


def c_file(name, body):
    return f"/* {name}: a role. */\n/* {TAG} */\n{body}"


def script(name, body):
    return f"# {name}: a role.\n# {TAG}\n{body}"


GOOD = {
    "src/base/alloc.h": c_file("alloc.h", "void *lrt_get(int n);\n"),
    "src/base/alloc.c": c_file("alloc.c", '#include "base/alloc.h"\nvoid *lrt_get(int n) { return malloc(n); }\n'),
    "src/graph/node.h": c_file("node.h", '#include "base/alloc.h"\nint lrt_node(int);\n'),
    "src/graph/node.c": c_file("node.c", '#include "graph/node.h"\nint lrt_node(int n) {\n  return n;\n}\n'),
    "src/opset/ops.def": c_file("ops.def", "OP(0, ADD)\nOP(1, SUB)\nOP(2, MUL)\n"),
    "include/litert/run.h": c_file("run.h", "\n/* Runs. */\nLRT_API int lrt_run(int n);\nLRT_API int lrt_stop(void);\n"),
    "apps/litert/main.c": c_file("main.c", '#include "litert/run.h"\nint main(void) { return printf("a") < 0; }\n'),
    "tools/make.py": script("make.py", "def f():\n    return 1\n"),
    "README.md": "# Title\n\n## A part\nSee [the tool](tools/make.py), [here](#a-part), `[no](link)`.\n",
}


def run_lint(tmp_path, files, *arguments):
    for path, text in {**GOOD, **files}.items():
        full = tmp_path / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
    done = subprocess.run([sys.executable, str(LINT), "--root", str(tmp_path), *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, universal_newlines=True)
    return done.returncode, done.stdout


def long_body(lines):
    return "int lrt_long(int n) {\n" + "  n++;\n" * (lines - 3) + "  return n;\n}\n"


def test_good_tree_is_silent(tmp_path):
    assert run_lint(tmp_path, {}) == (0, "")


QUOTED = "# Q\n\n<!-- quote tools/make.py -->\n\n```python\n" + GOOD["tools/make.py"] + "```\n\nand so on\n"


def test_quotes_are_checked_and_written(tmp_path):
    assert run_lint(tmp_path, {"docs/q.md": QUOTED}) == (0, "")
    for page in ("# Q\n\n<!-- quote tools/make.py -->\n\nand so on\n", QUOTED.replace("return 1", "return 2")):
        code, out = run_lint(tmp_path, {"docs/q.md": page})
        assert code == 1 and "docs/q.md:3: tools/make.py is not quoted word for word" in out
        assert run_lint(tmp_path, {"docs/q.md": page}, "--quote")[0] == 0
        assert (tmp_path / "docs/q.md").read_text() == QUOTED


BAD = {
    "quote of nothing": ("docs/q.md", "# Q\n\n<!-- quote tools/gone.py -->\n", 3, "is quoted and does not exist"),
    "upward include": ("src/base/up.h", c_file("up.h", '#include "graph/node.h"\n'), 3, "base may not include graph"),
    "sideways include": ("src/kernels/gemm/k.h", c_file("k.h", '#include "graph/node.h"\n'), 3,
                         "kernels may not include graph"),
    "kernel allocates": ("src/kernels/gemm/k.h", c_file("k.h", '#include "base/alloc.h"\n'), 3,
                         "kernels may not include base/alloc.h"),
    "app includes graph": ("apps/litert/a.c", c_file("a.c", '#include "graph/node.h"\n'), 3, "apps may not include graph"),
    "public header includes a room": ("include/litert/x.h", c_file("x.h", '#include "base/alloc.h"\n'), 3,
                                      "include may not include base"),
    "binding includes a room": ("bindings/python/b.c", c_file("b.c", '#include "base/alloc.h"\n'), 3,
                                "bindings may not include base"),
    "room includes tests": ("src/base/t.c", c_file("t.c", '#include "../../tests/check.h"\n'), 3, "not a file"),
    "unknown room": ("src/utils/u.c", c_file("u.c", ""), 1, "'utils' is not in the table"),
    "unknown include": ("src/base/m.c", c_file("m.c", '#include "base/gone.h"\n'), 3, "not a file of the tree"),
    "no caption": ("src/base/c.c", "int a;\n", 1, "the role of the file"),
    "caption of another file": ("src/base/c.c", c_file("d.c", ""), 1, "the role of the file"),
    "no licence tag": ("src/base/c.c", "/* c.c: a role. */\nint a;\n", 2, "the line is exactly"),
    "script without caption": ("tools/s.py", "import os\n", 1, "the role of the file"),
    "script without tag": ("tools/s.sh", "#!/bin/bash\n# s.sh: a role.\nset -e\n", 3, "the line is exactly"),
    "document without title": ("docs/d.md", "words\n", 1, "the first line is a heading"),
    "same name twice": ("src/graph/alloc.c", c_file("alloc.c", ""), 1, "the file name is taken by src/base/alloc.c"),
    "long file": ("src/base/long.c", c_file("long.c", "int a;\n" * 1200), 1201, "more than 1200"),
    "long example": ("examples/e.py", script("e.py", "a = 1\n" * 80), 81, "more than 80"),
    "long function": ("src/base/fn.c", c_file("fn.c", long_body(121)), 3, "lrt_long has 121 lines"),
    "long kernel": ("src/kernels/f_ref.c", c_file("f_ref.c", long_body(251)), 3, "lrt_long has 251 lines"),
    "long Python function": ("tools/l.py", script("l.py", "def f(n):\n" + "    n += 1\n" * 120), 3, "f has 121 lines"),
    "heap beside the door": ("src/base/h.c", c_file("h.c", "void f(void) { free(0); }\n"), 3, "free is called"),
    "heap outside base": ("src/graph/h.c", c_file("h.c", "void f(void) { free(0); }\n"), 3, "free is called"),
    "heap in an app": ("apps/litert/h.c", c_file("h.c", "void f(void) { malloc(1); }\n"), 3, "malloc is called"),
    "printing": ("src/base/p.c", c_file("p.c", 'void f(void) { printf("a"); }\n'), 3, "the library never prints"),
    "standard stream": ("src/graph/s.c", c_file("s.c", 'void f(void) { fputs("", stderr); }\n'), 3, "standard stream"),
    "exit": ("src/base/e.c", c_file("e.c", "void f(void) { exit(1); }\n"), 3, "exit is called"),
    "abort": ("src/graph/e.c", c_file("e.c", "void f(void) { abort(); }\n"), 3, "abort is called"),
    "environment": ("src/graph/v.c", c_file("v.c", 'void f(void) { getenv("A"); }\n'), 3, "getenv is called"),
    "undocumented": ("include/litert/u.h", c_file("u.h", "\nLRT_API int lrt_u(void);\n"), 4, "no comment above"),
    "private path": ("docs/p.md", "# P\nlook in /home/somebody/x\n", 2, "a path of one machine"),
    "registry": ("docs/r.md", "# R\nfetch it from pypi.org\n", 2, "names a package registry"),
    "table line twice": ("src/opset/other.def", c_file("other.def", "OP(0,  ADD)\n"), 3, "stands in src/opset/ops.def:3"),
    "copied table": ("src/opset/t.c", c_file("t.c", "OP(0, ADD)\nOP(1, SUB)\nOP(2, MUL)\n"), 3, "repeat a .def table"),
    "broken link": ("docs/l.md", "# L\n[a](gone.md)\n", 2, "leads nowhere"),
    "broken anchor": ("docs/l.md", "# L\n[a](../README.md#gone)\n", 2, "has no heading"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tree_is_reported(tmp_path, name):
    path, text, line, words = BAD[name]
    status, output = run_lint(tmp_path, {path: text})
    assert status == 1
    assert [row for row in output.splitlines() if row.startswith(f"{path}:{line}: ") and words in row], output


@pytest.mark.parametrize("words, lengths", [
    ("half of the functions have 16 lines", [16] * 20),
    ("5 % of the functions have 81 lines", [5] * 20 + [81] * 2),
])
def test_usual_lengths(tmp_path, words, lengths):
    body = "".join(long_body(length).replace("lrt_long", f"f{i}") for i, length in enumerate(lengths))
    status, output = run_lint(tmp_path, {"src/base/many.c": c_file("many.c", body)})
    assert status == 1
    assert output.startswith("src:1: " + words)


def test_file_circle(tmp_path):
    status, output = run_lint(tmp_path, {
        "src/graph/one.h": c_file("one.h", '#include "graph/two.h"\n'),
        "src/graph/two.h": c_file("two.h", '#include "graph/one.h"\n'),
    })
    assert status == 1
    assert "src/graph/one.h -> src/graph/two.h -> src/graph/one.h" in output


ALLOWED = {
    "function of 120 lines": ("src/base/fn.c", c_file("fn.c", long_body(120))),
    "kernel of 250 lines": ("src/kernels/f_ref.c", c_file("f_ref.c", long_body(250))),
    "words in comments and texts": ("src/graph/w.c", c_file("w.c", '/* malloc( */ const char *w = "free(exit())";\n')),
    "member named free": ("src/graph/w.c", c_file("w.c", "void f(struct s *x) { x->free(x); }\n")),
    "public header beside the room's": ("include/litert/alloc.h", c_file("alloc.h", "int lrt_m;\n")),
    "long table is no function": ("src/base/t.c", c_file("t.c", "static int t[] = {\n" + "  1,\n" * 200 + "};\n")),
    "branches of the preprocessor": ("src/base/b.c", c_file(
        "b.c", "int f(int n) {\n#if A\n  if (n) {\n#else\n  if (!n) {\n#endif\n    n++;\n  }\n  return n;\n}\n"
        "int a;\n" * 20)),
    "web address": ("docs/w.md", "# W\n[a](https://example.org/home/x)\n"),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed_tree_is_silent(tmp_path, name):
    path, text = ALLOWED[name]
    assert run_lint(tmp_path, {path: text}) == (0, "")


def test_report_counts_functions(tmp_path):
    status, output = run_lint(tmp_path, {}, "--report")
    assert status == 0
    rows = {row.split()[0]: row.split()[1:] for row in output.splitlines()}
    assert rows["src/graph"] == ["2", "10", "6", "6", "1", "3", "3", "3"]
