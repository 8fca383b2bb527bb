# check_fetch.py: what goes wrong on the way of a download, and what is left of it.
# SPDX-License-Identifier: Apache-2.0
import os
import re
import resource
import signal
import subprocess
import threading
import unittest

import fault_server as fault
from zoo_case import BODY, COMMAND, QUICK, ZooTest, digest
from terminal import open_pair  # zoo_case knows where it is


class Fetch(ZooTest):
    def setUp(self):
        super().setUp()
        self.server.files["/m.tflite"] = BODY
        self.url = self.server.url + "/m.tflite"
        self.target = self.folder / "m.tflite"
        self.part = self.folder / "m.tflite.part"

    def check_whole(self):
        self.assertEqual(self.target.read_bytes(), BODY)
        self.assertEqual(self.names(), ["m.tflite"])

    def ranges(self):
        return [headers.get("Range") for _, headers in self.server.requests]

    def download(self, *words):
        told = self.fetched(self.url, "-o", self.target, *words)
        self.check_whole()
        self.assertEqual((told["path"], told["bytes"]), (str(self.target), len(BODY)))
        return told

    # ---- answers ----

    def test_good_answer(self):
        told = self.download("--sha256", digest(BODY))
        self.assertEqual((told["sha256"], told["present"], told["resumed_bytes"]), (digest(BODY), False, 0))
        self.assertTrue(self.download()["present"])
        self.assertEqual(len(self.server.requests), 1)
        self.assertFalse(self.download("--force")["present"])
        self.assertEqual(len(self.server.requests), 2)

    def test_plain_text_says_what_came(self):
        code, out, err = self.call("download", self.url, "-o", "m.tflite")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, f"m.tflite: 300 kB, SHA-256 {digest(BODY)}\n")

    def test_empty_file(self):
        self.server.files["/m.tflite"] = b""
        self.assertEqual(self.fetched(self.url, "-o", self.target)["bytes"], 0)
        self.assertEqual(self.target.read_bytes(), b"")
        self.assertEqual(self.names(), ["m.tflite"])

    def test_answer_without_length(self):
        self.server.script("/m.tflite", fault.without_length)
        self.download()

    def test_redirection(self):
        self.server.script("/m.tflite", fault.moved("/other"))
        self.server.files["/other"] = BODY
        self.download()

    def test_endless_redirection(self):
        self.server.script("/m.tflite", *[fault.moved("/m.tflite")] * 30)
        self.assertIn("redirect", self.refused(1, self.url, "-o", self.target).lower())
        self.assertEqual(self.names(), [])

    def test_redirection_to_a_file_of_this_machine_is_not_followed(self):
        self.server.script("/m.tflite", fault.moved("file:///etc/hostname"))
        self.refused(2, self.url, "-o", self.target)
        self.assertEqual(self.names(), [])

    def test_403_404_410_name_what_was_asked_and_are_not_tried_again(self):
        for code, left in ((403, 1), (401, 1), (404, 66), (410, 66), (400, 1)):
            self.server.script("/m.tflite", fault.status(code))
            self.server.requests.clear()
            said = self.refused(left, self.url, "-o", self.target)
            self.assertIn(self.url, said)
            self.assertIn("404" if code == 410 else str(code), said)
            self.assertEqual(len(self.server.requests), 1)
            self.assertEqual(self.names(), [])

    def test_429_and_5xx_are_tried_again(self):
        for code in (408, 429, 500, 502, 503, 504):
            self.server.script("/m.tflite", fault.status(code), fault.status(code))
            self.download("--force")

    def test_5xx_for_ever(self):
        self.server.script("/m.tflite", *[fault.status(503)] * 9)
        said = self.refused(1, self.url, "-o", self.target, "--retries", "2")
        self.assertIn("503, in 3 tries", said)
        self.assertEqual(len(self.server.requests), 3)
        self.assertEqual(self.names(), [])

    def test_retry_after_is_honoured(self):
        self.server.script("/m.tflite", fault.status(429, Retry_After="1"))
        code, _, err = self.call("download", self.url, "-o", "m.tflite", *QUICK)
        self.assertEqual(code, 0)
        self.assertIn("again in 1.00 s", err)

    def test_retry_after_an_hour_is_an_end(self):
        self.server.script("/m.tflite", fault.status(503, Retry_After="3600"))
        self.assertIn("asks to wait 3600 s", self.refused(1, self.url, "-o", self.target))

    # ---- connections ----

    def test_dropped_connection_is_continued(self):
        self.server.script("/m.tflite", fault.dropped_after(100_000), fault.dropped_after(50_000, politely=True))
        self.download("--sha256", digest(BODY))
        self.assertEqual(self.ranges(), [None, "bytes=100000-", "bytes=150000-"])
        self.assertEqual(self.server.requests[1][1]["If-Range"], fault.tag(BODY))

    def test_dropped_before_the_answer(self):
        self.server.script("/m.tflite", fault.dropped_at_once)
        self.download()

    def test_nobody_listens(self):
        self.server.close()
        said = self.refused(1, self.url, "-o", self.target, "--retries", "1")
        self.assertIn("in 2 tries", said)
        self.assertEqual(self.names(), [])

    def test_stalled_transfer_is_left_and_continued(self):
        self.server.script("/m.tflite", fault.stalled_after(100_000))
        self.download()
        self.assertEqual(self.ranges(), [None, "bytes=100000-"])

    def test_slow_transfer_is_waited_for(self):
        self.server.script("/m.tflite", fault.slow(8, 0.3))  # longer than the stall time as a whole
        self.download()
        self.assertEqual(len(self.server.requests), 1)

    # ---- ranges ----

    def leave_part(self, length=100_000):
        """A first call that gets so many bytes and no more."""
        self.server.script("/m.tflite", fault.dropped_after(length))
        self.refused(1, self.url, "-o", self.target, "--retries", "0")
        self.assertEqual(self.part.read_bytes(), BODY[:length])
        self.assertFalse(self.target.exists())
        self.server.requests.clear()

    def test_next_call_continues(self):
        self.leave_part()
        self.assertEqual(self.download()["resumed_bytes"], 100_000)
        self.assertEqual(self.ranges(), ["bytes=100000-"])

    def test_changed_file_begins_anew(self):
        self.leave_part()
        self.server.files["/m.tflite"] = BODY[::-1]
        told = self.fetched(self.url, "-o", self.target)
        self.assertEqual((self.target.read_bytes(), told["resumed_bytes"]), (BODY[::-1], 0))

    def test_wrong_range_answer_begins_anew(self):
        self.leave_part()
        self.server.script("/m.tflite", fault.wrong_range)
        self.assertEqual(self.download()["resumed_bytes"], 0)
        self.assertEqual(self.ranges(), ["bytes=100000-", None])

    def test_range_that_is_ignored_begins_anew(self):
        self.leave_part()
        self.server.script("/m.tflite", fault.without_range)
        self.assertEqual(self.download()["resumed_bytes"], 0)

    def test_416_begins_anew(self):
        self.leave_part()
        self.server.script("/m.tflite", fault.status(416))
        self.download()
        self.assertEqual(self.ranges(), ["bytes=100000-", None])

    def test_416_when_all_is_there(self):
        self.leave_part(len(BODY) - 1)
        with self.part.open("ab") as file:
            file.write(BODY[-1:])
        self.assertEqual(self.download()["resumed_bytes"], len(BODY))

    def test_bytes_of_no_known_version_are_continued_only_for_a_digest(self):
        for words, ranges in (((), [None]), (("--sha256", digest(BODY)), ["bytes=100000-"])):
            self.part.write_bytes(BODY[:100_000])
            self.server.requests.clear()
            self.download(*words)
            self.assertEqual(self.ranges(), ranges)
            self.target.unlink()

    # ---- contents ----

    def test_corrupted_body_is_no_model(self):
        self.server.script("/m.tflite", fault.corrupted)
        said = self.refused(65, self.url, "-o", self.target, "--sha256", digest(BODY))
        self.assertIn("SHA-256", said)
        self.assertEqual(self.names(), [])

    def test_wrong_checksum(self):
        wrong = digest(b"another file")
        self.assertIn(f"where {wrong} is expected", self.refused(65, self.url, "-o", self.target, "--sha256", wrong))
        self.assertEqual(self.names(), [])

    def test_corrupted_part_of_an_earlier_call_is_replaced(self):
        self.leave_part()
        self.part.write_bytes(bytes(100_000))
        self.assertEqual(self.download("--sha256", digest(BODY))["resumed_bytes"], 0)
        self.assertEqual(self.ranges(), ["bytes=100000-", None])

    def test_digest_that_is_none(self):
        self.assertIn("64 hexadecimal digits", self.refused(2, self.url, "-o", self.target, "--sha256", "abc"))

    # ---- this machine ----

    def test_full_disk(self):
        limit = 150_000

        def fill_up():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        said = self.refused(1, self.url, "-o", self.target, preexec_fn=fill_up)
        self.assertIn("m.tflite.part", said)
        self.assertFalse(self.target.exists())
        self.assertEqual(self.download()["resumed_bytes"], limit)

    def test_more_than_the_disk_has_room_for(self):
        def huge(handler, _):
            handler.head(200, 1 << 60)
            handler.wfile.write(b"x" * 1000)
            handler.close_connection = True

        self.server.script("/m.tflite", huge)
        self.assertIn("the disk has room for", self.refused(1, self.url, "-o", self.target))
        self.assertEqual(self.names(), [])

    def test_no_such_folder(self):
        self.assertIn("absent/m.tflite", self.refused(66, self.url, "-o", "absent/m.tflite"))

    def test_killed_in_the_middle(self):
        self.server.script("/m.tflite", fault.slow(100, 0.05))
        process = self.start("download", self.url, "-o", self.target, *QUICK)
        self.wait_for(lambda: self.part.exists() and self.part.stat().st_size > 20_000)
        process.send_signal(signal.SIGKILL)
        self.finish(process)
        self.assertFalse(self.target.exists())
        got = self.part.stat().st_size
        self.assertEqual(self.download("--sha256", digest(BODY))["resumed_bytes"], got)

    def test_two_downloads_of_one_file_at_once(self):
        self.server.script("/m.tflite", fault.slow(10, 0.1))
        first = self.start("download", self.url, "-o", self.target, *QUICK, "--json")
        self.wait_for(self.part.exists)
        second = self.start("download", self.url, "-o", self.target, *QUICK, "--json")
        results = [self.finish(process) for process in (first, second)]
        self.assertEqual([code for code, _, _ in results], [0, 0], results)
        self.assertIn("another process downloads it", results[1][2])
        self.assertIn('"present":true', results[1][1])
        self.assertEqual(len(self.server.requests), 1)
        self.check_whole()

    def test_the_second_goes_on_when_the_first_is_killed(self):
        self.server.script("/m.tflite", fault.slow(100, 0.05))
        first = self.start("download", self.url, "-o", self.target, *QUICK)
        self.wait_for(lambda: self.part.exists() and self.part.stat().st_size > 20_000)
        second = self.start("download", self.url, "-o", self.target, *QUICK)
        threading.Timer(0.4, first.kill).start()
        self.finish(first)
        code, _, err = self.finish(second)
        self.assertEqual(code, 0, err)
        self.check_whole()

    def test_offline(self):
        for words, variables in ((["--offline"], {}), ([], {"HF_HUB_OFFLINE": "1"})):
            self.environment.update(variables)
            self.assertIn("offline", self.refused(1, self.url, "-o", self.target, *words))
        self.assertEqual(self.server.requests, [])

    def test_proxy_of_the_environment(self):
        self.environment["http_proxy"] = self.server.url
        self.server.files["http://models.invalid/m.tflite"] = BODY
        self.fetched("http://models.invalid/m.tflite", "-o", self.target)
        self.check_whole()

    def test_sources_that_are_none(self):
        for source in ("ftp://host/m.tflite", "http://", "nothing at all"):
            self.refused(2, source, "-o", self.target)


class Progress(ZooTest):
    def setUp(self):
        super().setUp()
        self.server.files["/m.tflite"] = BODY
        self.server.script("/m.tflite", fault.slow(10, 0.1))

    def test_bar_on_a_terminal(self):
        self.environment["TERM"] = "xterm"
        outer, inner = open_pair()
        self.addCleanup(os.close, outer)
        process = subprocess.Popen([COMMAND, "download", self.server.url + "/m.tflite", "-o", "m.tflite"], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=inner, env=self.environment)
        os.close(inner)
        out, _ = process.communicate(timeout=60)
        drawn = b""
        while True:
            try:
                more = os.read(outer, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            drawn += more
        self.assertEqual(process.returncode, 0)
        bars = re.findall(rb"\r\[(#*)(\.*)\] ([\d.]+ k?B) of 300 kB[^\r]*\x1b\[K", drawn)
        self.assertGreater(len(bars), 3, drawn)
        filled = [len(full) for full, _, _ in bars]
        self.assertEqual(filled, sorted(filled))
        self.assertEqual((filled[-1], bars[-1][1]), (24, b""))
        self.assertTrue(drawn.endswith(b"\r\x1b[K"), drawn)  # nothing of it stays
        self.assertIn(b"m.tflite: 300 kB", out)

    def test_no_bar_elsewhere(self):
        code, _, err = self.call("download", self.server.url + "/m.tflite", "-o", "m.tflite")
        self.assertEqual((code, err), (0, ""))


class Store(ZooTest):
    def test_url_into_the_store(self):
        self.server.files["/a/small.model.tflite"] = BODY
        told = self.fetched(self.server.url + "/a/small.model.tflite?download=true")
        self.assertEqual(told["path"], str(self.home / "models/small.model/small.model.tflite"))
        self.assertTrue(self.fetched(self.server.url + "/a/small.model.tflite?download=true")["present"])

    def test_urls_that_name_no_file_or_another_folder(self):
        self.assertIn("names no file", self.refused(2, self.server.url))
        self.assertIn("names no file", self.refused(2, self.server.url + "/a/.."))
        self.assertIn("no name for a model", self.refused(2, self.server.url + "/a.tflite", "--name", "../a"))


if __name__ == "__main__":
    unittest.main()
