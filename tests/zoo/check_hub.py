# check_hub.py: hf: sources against a server of the same layout: cache, names, gates, tokens.
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import unittest
from pathlib import Path

import fault_server as fault
from zoo_case import BODY, ZooTest, digest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPO = "org/Small-Model"


class Hub(ZooTest):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / ".cache/huggingface/hub/models--org--Small-Model"
        self.api = f"/api/models/{REPO}/revision/main"
        self.publish({"small.litertlm": BODY, "README.md": b"text"})

    def publish(self, files, revision="main"):
        siblings = []
        for name, body in files.items():
            entry = {"rfilename": name, "size": len(body), "blobId": hashlib.sha1(body).hexdigest()}
            if len(body) > 1000:
                entry["lfs"] = {"sha256": digest(body), "size": len(body), "pointerSize": 134}
            siblings.append(entry)
            self.server.files[f"/{REPO}/resolve/{COMMIT}/{name.replace(' ', '%20')}"] = body
        self.server.files[f"/api/models/{REPO}/revision/{revision}"] = json.dumps(
            {"id": REPO, "sha": COMMIT, "siblings": siblings}).encode()

    def check_cache(self, name, body):
        """The layout that huggingface_hub reads: a link in the snapshot to a blob named by its digest."""
        link = self.cache / "snapshots" / COMMIT / name
        self.assertTrue(link.is_symlink())
        self.assertEqual(link.resolve(), (self.cache / "blobs" / digest(body)).resolve())
        self.assertEqual(link.read_bytes(), body)
        self.assertEqual((self.cache / "refs/main").read_text(encoding="utf-8"), COMMIT)

    def test_only_model_of_a_repository(self):
        told = self.fetched(f"hf:{REPO}")
        self.assertEqual(told["path"], str(self.cache / "snapshots" / COMMIT / "small.litertlm"))
        self.assertEqual(told["sha256"], digest(BODY))
        self.check_cache("small.litertlm", BODY)
        listed, = json.loads(self.call("list", "--json")[1])["models"]
        self.assertEqual((listed["name"], listed["source"]), ("small", f"hf:{REPO}"))
        self.assertTrue(self.fetched(f"hf:{REPO}/small.litertlm")["present"])

    def test_small_file_in_a_folder_with_a_blank(self):
        self.publish({"a b/labels.txt": b"cat\n"})
        path = Path(self.fetched(f"hf:{REPO}/a b/labels.txt")["path"])
        self.assertEqual(path.read_bytes(), b"cat\n")
        self.assertEqual(os.readlink(path), "../../../blobs/" + hashlib.sha1(b"cat\n").hexdigest())

    def test_revision(self):
        self.publish({"small.litertlm": BODY}, "refs%2Fpr%2F1")
        self.fetched(f"hf:{REPO}/small.litertlm@refs/pr/1")
        self.assertEqual((self.cache / "refs/refs/pr/1").read_text(encoding="utf-8"), COMMIT)
        self.refused(66, f"hf:{REPO}@v9")

    def test_elsewhere(self):
        self.environment["HF_HUB_CACHE"] = str(self.folder / "shared")
        self.assertTrue(self.fetched(f"hf:{REPO}")["path"].startswith(str(self.folder / "shared/models--org")))
        self.fetched(f"hf:{REPO}", "-o", "here.litertlm")
        self.assertEqual((self.folder / "here.litertlm").read_bytes(), BODY)

    def test_blob_of_another_program_is_taken(self):
        (self.cache / "blobs").mkdir(parents=True)
        (self.cache / "blobs" / digest(BODY)).write_bytes(BODY)
        self.assertTrue(self.fetched(f"hf:{REPO}")["present"])
        self.check_cache("small.litertlm", BODY)
        self.assertEqual(len(self.server.requests), 1)

    def test_offline_takes_what_the_cache_has(self):
        self.assertIn("offline", self.refused(66, f"hf:{REPO}", "--offline"))
        self.fetched(f"hf:{REPO}")
        self.server.requests.clear()
        for source in (f"hf:{REPO}", f"hf:{REPO}/small.litertlm", f"hf:{REPO}/small.tflite", f"hf:{REPO}@{COMMIT}"):
            self.assertTrue(self.fetched(source, "--offline")["present"])
        self.assertEqual(self.server.requests, [])

    # ---- names ----

    def test_wrong_name_is_answered_with_the_nearest(self):
        self.publish({"gemma3-1b-it-int4.task": BODY, "gemma3-1b-it-int8.task": BODY[1:], "README.md": b"text"})
        said = self.refused(66, f"hf:{REPO}/gemma3-1b-it-int5.task")
        self.assertRegex(said, r"nearest names are gemma3-1b-it-int[48]\.task, gemma3-1b-it-int[48]\.task, README\.md")

    def test_old_name_of_a_bundle(self):
        self.assertTrue(self.fetched(f"hf:{REPO}/small.tflite")["path"].endswith("/small.litertlm"))

    def test_several_models(self):
        self.publish({"a.litertlm": BODY, "b.litertlm": BODY, "c.tflite": BODY})
        self.assertIn("a.litertlm, b.litertlm", self.refused(2, f"hf:{REPO}"))
        self.publish({"README.md": b"text"})
        self.assertIn("no model", self.refused(66, f"hf:{REPO}"))

    def test_sources_that_are_none(self):
        for source in ("hf:", "hf:org", "hf:org/", "hf:../x", "hf:org/repo/../x", "hf:org/repo@", "hf:a--b/c"):
            self.assertIn("org/repo", self.refused(2, source))
        self.assertEqual(self.server.requests, [])

    # ---- gates and tokens ----

    def test_gated_model_is_explained(self):
        for code in (401, 403):
            self.server.script(self.api, fault.status(code))
            said = self.refused(1, f"hf:{REPO}")
            self.assertIn(f"refuses access ({code})", said)
            self.assertIn(f"accept its licence at {self.server.url}/{REPO} and set HF_TOKEN", said)

    def test_missing_repository_names_what_was_asked(self):
        self.assertIn("hf:org/absent/m.tflite", self.refused(66, "hf:org/absent/m.tflite"))

    def tokens(self):
        return [headers.get("Authorization") for _, headers in self.server.requests]

    def test_token_goes_to_the_hub_and_to_nobody_else(self):
        other = fault.Server()
        self.addCleanup(other.close)
        other.files["/blob"] = BODY
        self.environment["HF_TOKEN"] = "hf_secret"
        self.server.script(f"/{REPO}/resolve/{COMMIT}/small.litertlm", fault.moved(other.url + "/blob"))
        self.fetched(f"hf:{REPO}")
        self.check_cache("small.litertlm", BODY)
        self.assertEqual(self.tokens(), ["Bearer hf_secret"] * 2)
        self.assertEqual([headers.get("Authorization") for _, headers in other.requests], [None])
        self.server.files["/m.tflite"] = BODY
        self.server.requests.clear()
        self.fetched(self.server.url + "/m.tflite", "-o", "m.tflite")
        self.assertEqual(self.tokens(), [None])

    def test_token_of_the_login_file(self):
        home = self.folder / ".cache/huggingface"
        home.mkdir(parents=True)
        (home / "token").write_text("hf_file\n", encoding="utf-8")
        self.fetched(f"hf:{REPO}")
        self.assertEqual(self.tokens(), ["Bearer hf_file"] * 2)

    # ---- faults ----

    def test_corrupted_body_is_no_model(self):
        self.server.script(f"/{REPO}/resolve/{COMMIT}/small.litertlm", fault.corrupted)
        self.assertIn("SHA-256", self.refused(65, f"hf:{REPO}"))
        self.assertEqual(list((self.cache / "blobs").iterdir()), [])
        self.assertFalse((self.cache / "snapshots").exists())
        self.fetched(f"hf:{REPO}")

    def test_dropped_connection_is_continued(self):
        self.server.script(f"/{REPO}/resolve/{COMMIT}/small.litertlm", fault.dropped_after(100_000))
        self.fetched(f"hf:{REPO}")
        self.check_cache("small.litertlm", BODY)

    def test_lists_that_lie(self):
        for answer in (b"<html>", b"[]", b"{}", b'{"sha":"../../x","siblings":[]}'):
            self.server.files[self.api] = answer
            self.refused(1, f"hf:{REPO}")
        self.publish({"../../../escaped.litertlm": BODY})
        self.refused(66, f"hf:{REPO}")
        self.assertEqual([path for path in self.folder.rglob("*escaped*")], [])


if __name__ == "__main__":
    unittest.main()
