# check_run.py: litert run: inputs of all kinds, outputs on screen, as JSON and as files.
# SPDX-License-Identifier: Apache-2.0
import os
import resource
import signal
import struct
import unittest
import zlib

import tiny_model
from command import CommandTest, npy


def png(width, height, rgb):
    """Bytes of an RGB picture; rgb(x, y) gives three numbers."""
    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in rgb(x, y)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Arrays(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("m.tflite", tiny_model.relu(signature=("go", {"in": 0}, {"out": 1})))
        self.write("x.npy", npy("<f4", (1, 4), (-1, 2, -3, 4.5)))

    def test_npy(self):
        self.assertEqual(self.good("run", "m.tflite", "--input", "x.npy"), "out  float32  [1,4]  0 2 0 4.5\n")
        for name in ("in", "x"):
            self.assertEqual(self.good_json("run", "m.tflite", f"--input={name}=x.npy")["outputs"][0]["values"],
                             [0, 2, 0, 4.5])

    def test_a_path_with_an_equals_sign(self):
        self.write("a=b.npy", npy("<f4", (1, 4), (1, 2, 3, 4)))
        self.assertEqual(self.good("run", "m.tflite", "--input", "a=b.npy"), "out  float32  [1,4]  1 2 3 4\n")

    def test_raw_bytes_and_leading_ones(self):
        self.write("x.raw", struct.pack("<4f", -1, 2, -3, 4.5))
        self.write("flat.npy", npy("<f4", (4,), (-1, 2, -3, 4.5)))
        for name in ("x.raw", "flat.npy"):
            self.assertEqual(self.good("run", "m.tflite", "--input", name), "out  float32  [1,4]  0 2 0 4.5\n")

    def test_a_batch(self):
        self.write("two.npy", npy("<f4", (2, 4), range(8)))
        self.assertEqual(self.good("run", "m.tflite", "--input", "two.npy"), "out  float32  [2,4]  0 1 2 3 4 5 6 7\n")

    def test_output_files(self):
        self.good("run", "m.tflite", "--input", "x.npy", "--output-dir", "results")
        self.assertEqual(self.read_npy("results/out.npy"), ("<f4", (1, 4), [0, 2, 0, 4.5]))
        self.assertEqual(os.listdir(self.folder / "results"), ["out.npy"])
        told = self.good_json("run", "m.tflite", "--input", "x.npy", "--output_dir", "results")
        self.assertEqual(told["outputs"][0]["file"], "results/out.npy")
        self.assertEqual(told["signature"], "go")

    def test_seeds(self):
        one, again, two = (self.good("run", "m.tflite", "--seed", n) for n in (1, 1, 2))
        self.assertEqual(one, again)
        self.assertNotEqual(one, two)

    def test_both_modes(self):
        for mode in ("fast", "ref"):
            self.assertEqual(self.good_json("run", "m.tflite", "--input", "x.npy", "--mode", mode)["mode"], mode)

    def test_what_does_not_fit(self):
        self.write("wide.npy", npy("<f4", (1, 5), range(5)))
        self.write("int.npy", npy("<i4", (1, 4), range(4)))
        self.write("short.raw", b"123")
        for words, code, sentence in (
                ((), 2, "the input 'in' has no value: give --input in=FILE, or --seed N for random contents"),
                (("--input", "z=x.npy"), 2, "the model has no input 'z'; it has 'in'"),
                (("--input", "x.npy", "--input", "x.npy"), 2, "the model takes 1 input; 'x.npy' is left over"),
                (("--input", "in=x.npy", "--input", "x=x.npy"), 2, "the input 'in' is given twice"),
                (("--input", "absent.npy"), 66, "cannot open absent.npy: No such file or directory"),
                (("--input", "wide.npy"), 65, "wide.npy has the shape [1,5], the input 'in' takes [1,4]"),
                (("--input", "int.npy"), 65, "int.npy holds int32, the input 'in' takes float32"),
                (("--input", "short.raw"), 65, "short.raw has 3 bytes, the input 'in' takes 16"),
                (("--seed=1", "--signature", "no"), 2, "m.tflite has no signature 'no', only go"),
                (("--seed=1", "--as-picture"), 2, "--as-picture needs --output-dir DIR"),
                (("--seed=1", "--output-dir", "x.npy"), 1, "cannot make the folder x.npy: File exists")):
            self.assertEqual(self.bad(code, "run", "m.tflite", *words), sentence)

    def test_labels(self):
        self.write("labels.txt", b"ant\nbee\ncat\ndog\n")
        self.assertEqual(self.good("run", "m.tflite", "--input", "x.npy", "--labels", "labels.txt"),
                         "out  float32  [1,4]  0 2 0 4.5\n  1  4.5000  dog\n  2  2.0000  bee\n  3  0.0000  ant\n"
                         "  4  0.0000  cat\n")
        self.write("labels.txt", b"ant\n")
        self.assertEqual(self.bad(65, "run", "m.tflite", "--input", "x.npy", "--labels", "labels.txt"),
                         "the output 'out' needs 4 labels, labels.txt has 1")

    def test_full_disk_leaves_nothing(self):
        """A limit on the size of files stands in for a full disk."""
        self.write("big.tflite", tiny_model.relu((1, 4096)))

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        sentence = self.bad(1, "run", "big.tflite", "--seed=1", "--output-dir", "results", preexec_fn=limit)
        self.assertEqual(sentence, "cannot write results/y.npy: File too large")
        self.assertEqual(os.listdir(self.folder / "results"), [])


class Strings(CommandTest):
    def test_text_and_lines(self):
        self.write("one.tflite", tiny_model.reshape_strings(1))
        self.write("two.tflite", tiny_model.reshape_strings(2))
        self.write("lines.txt", "grün\nsome words\n".encode())
        self.assertEqual(self.good("run", "one.tflite", "--input", "x=a = b"), "y  string  [1,1]  a = b\n")
        told = self.good_json("run", "two.tflite", "--input", "@lines.txt", "--output-dir", "results")
        self.assertEqual(told["outputs"][0]["values"], ["grün", "some words"])
        self.assertEqual((self.folder / "results/y.txt").read_text(encoding="utf-8"), "grün\nsome words\n")
        self.assertEqual(self.bad(65, "run", "two.tflite", "--input", "single"),
                         "the input 'x' takes 2 strings, one per line of @FILE, not 1")
        self.assertEqual(self.bad(66, "run", "two.tflite", "--input", "@none"), "cannot open none: No such file or directory")
        self.write("many.tflite", tiny_model.reshape_strings(20))
        self.assertEqual(self.good("run", "many.tflite", "--seed", "1"), "y  string  [20,1]  20 strings\n")


class Pictures(CommandTest):
    def setUp(self):
        super().setUp()
        if not self.good_json("version")["components"]["png"]:
            self.skipTest("libpng is not built in")
        self.write("m.tflite", tiny_model.relu((1, 8, 8, 3)))
        self.write("q.tflite", tiny_model.relu((1, 8, 8, 3), tiny_model.INT8, scale=1 / 255, zero_point=-128))
        self.write("p.png", png(8, 8, lambda x, y: (255, 51, 0)))

    def values(self, *words):
        self.good("run", *words, "--output-dir", "results")
        return self.read_npy("results/y.npy")[2]

    def test_default_scaling(self):
        red, green, blue = self.values("m.tflite", "--input", "p.png")[:3]
        self.assertEqual((red, blue), (1, 0))
        self.assertAlmostEqual(green, 0.2, 6)
        self.assertEqual(self.values("q.tflite", "--input", "p.png")[:3], [127, -77, -128])

    def test_mean_and_std(self):
        self.assertEqual(self.values("m.tflite", "--input", "p.png", "--mean", "1", "--std", "2")[:3], [127, 25, 0])
        self.assertEqual(self.values("m.tflite", "--input", "p.png", "--mean=5,1,0", "--std", "1,2,4")[:3], [250, 25, 0])
        self.assertEqual(self.bad(2, "run", "m.tflite", "--input", "p.png", "--std", "1,2"),
                         "p.png: 2 means or deviations are given for 3 channels")

    def test_resize(self):
        # Left half white, right half black, twice as wide as high.
        self.write("wide.png", png(32, 16, lambda x, y: (255,) * 3 if x < 16 else (0,) * 3))
        rows = {how: self.values("m.tflite", "--input", "wide.png", "--resize", how) for how in ("stretch", "fit", "crop")}
        first = {how: values[::3][:8] for how, values in rows.items()}
        middle = {how: values[::3][32:40] for how, values in rows.items()}
        self.assertEqual(first["fit"], [0] * 8)  # the bar above
        for how in rows:
            self.assertEqual((middle[how][0], middle[how][-1]), (1, 0), how)

    def test_written_picture_is_the_one_read(self):
        self.good("run", "m.tflite", "--input", "p.png", "--output-dir", "a", "--as-picture")
        self.good("run", "m.tflite", "--input", "a/y.png", "--output-dir", "b")
        self.assertEqual(self.read_npy("b/y.npy")[2], self.values("m.tflite", "--input", "p.png"))

    def test_huge_picture(self):
        small = (self.folder / "p.png").read_bytes()
        header = b"IHDR" + struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
        self.write("huge.png", small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:])
        self.assertEqual(self.bad(65, "run", "m.tflite", "--input", "huge.png"),
                         "huge.png: a picture of 30000 by 30000 is too large")

    def test_broken_picture(self):
        self.write("cut.png", (self.folder / "p.png").read_bytes()[:60])
        self.assertIn("cut.png", self.bad(65, "run", "m.tflite", "--input", "cut.png"))
        self.write("cut.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0")
        self.assertIn("cut.jpg", self.bad(65, "run", "m.tflite", "--input", "cut.jpg"))


class NoPictures(CommandTest):
    def test_says_what_is_missing(self):
        built_in = self.good_json("version")["components"]
        self.write("m.tflite", tiny_model.relu((1, 8, 8, 3)))
        self.write("a.png", png(8, 8, lambda x, y: (255, 51, 0)))
        self.write("a.jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0")
        for kind in ("png", "jpeg"):
            if built_in[kind]:
                continue
            sentence = f"a.{kind}: reading {kind.upper()} pictures is not built in (lib{kind} was missing)"
            self.assertEqual(self.bad(69, "run", "m.tflite", "--input", f"a.{kind}"), sentence)
            self.assertIn(f"{kind.upper()} pictures: not built in", self.good("version"))


class Metadata(CommandTest):
    def model(self, shape, **about):
        record = tiny_model.metadata(**about)
        return tiny_model.relu(shape, metadata=[("other", b"1"), ("TFLITE_METADATA", record)])

    def test_normalisation(self):
        if not self.good_json("version")["components"]["png"]:
            self.skipTest("libpng is not built in")
        self.write("m.tflite", self.model((1, 4, 4, 3), mean=(55, 0, 0), std=(100, 51, 1)))
        self.write("p.png", png(4, 4, lambda x, y: (255, 51, 3)))
        self.good("run", "m.tflite", "--input", "p.png", "--output-dir", "results")
        self.assertEqual(self.read_npy("results/y.npy")[2][:3], [2, 1, 3])
        self.good("run", "m.tflite", "--input", "p.png", "--output-dir", "results", "--std=1")  # flags win
        self.assertEqual(self.read_npy("results/y.npy")[2][:3], [255, 51, 3])
        self.assertIn("pictures for x: (value - 55) / 100, (value - 0) / 51, (value - 0) / 1, by the metadata\n",
                      self.good("inspect", "m.tflite"))

    def test_labels_of_the_model(self):
        names = b"ant\r\nbee\r\ncat\r\ndog\r\n"
        self.write("x.npy", npy("<f4", (1, 4), (1, 4, 3, 2)))
        for compression in (0, 8):
            self.write("m.tflite", tiny_model.with_files(self.model((1, 4), labels="l.txt"), {"l.txt": names}, compression))
            told = self.good_json("run", "m.tflite", "--input", "x.npy")["outputs"][0]["labels"]
            self.assertEqual([row["label"] for row in told], ["bee", "cat", "dog", "ant"])
            self.assertEqual(told[0], {"label": "bee", "index": 1, "score": 4})
        about = self.good_json("inspect", "m.tflite")
        self.assertEqual(about["parts"], [{"name": "l.txt", "kind": "file", "bytes": len(names)}])
        self.assertEqual((about["about"]["name"], about["about"]["outputs"][0]["labels"]), ("tiny", "l.txt"))
        self.assertIn("  output 0     score, labels in l.txt\n", self.good("inspect", "m.tflite"))

    def test_calibrated_scores(self):
        model = self.model((1, 4), labels="l", calibration="c", default_score=-1)
        self.write("m.tflite", tiny_model.with_files(model, {"l": "ant\nbee\ncat\ndog", "c": "1,2,-2\n\n3,0,0\n1,1,1,9"}))
        self.write("x.npy", npy("<f4", (1, 4), (1, 1, 1, 1)))
        told = self.good_json("run", "m.tflite", "--input", "x.npy")["outputs"][0]["labels"]
        self.assertEqual([(row["label"], row["score"]) for row in told],
                         [("cat", 1.5), ("ant", 0.5), ("bee", -1), ("dog", -1)])

    def test_damage(self):
        """Neither the record nor the archive can do harm; what is wrong is said."""
        self.write("x.npy", npy("<f4", (1, 4), (1, 4, 3, 2)))
        model = self.model((1, 4), labels="l.txt", calibration="c")
        whole = tiny_model.with_files(model, {"l.txt": "a\nb\nc\nd", "c": "1,2,3\n"})
        for place in range(model.find(b"M001") - 8, len(whole), 5):
            damaged = bytearray(whole)
            damaged[place] ^= 0x41
            self.write("m.tflite", damaged)
            for words in (("run", "m.tflite", "--input", "x.npy"), ("inspect", "m.tflite")):
                code, _, err = self.call(*words)
                self.assertIn(code, (0, 65), err)
                self.assertEqual(err.count("\n"), 0 if code == 0 else 1, err)


if __name__ == "__main__":
    unittest.main()
