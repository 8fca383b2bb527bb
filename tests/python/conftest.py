# conftest.py: models for the tests: small ones written on the spot, and the shared ones where they are present.
# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

import build_tflite  # noqa: E402
import tiny_gguf  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LRT_SHARED_DIR") or ROOT.parent / "shared")


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Paths of the small models by name."""
    folder = tmp_path_factory.mktemp("models")
    paths = {}
    for name, make in build_tflite.MODELS.items():
        path = folder / f"{name}.tflite"
        path.write_bytes(make())
        paths[name] = str(path)
    return paths


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A function that makes a bundle of a language model with random weights: 96 tokens, 128 positions, made by the
    command; `more`: further keys of the GGUF file, such as its chat template."""
    command = Path(os.environ.get("LITERT_BUILD", ROOT / "build")) / "litert"

    def make(**more):
        if not command.exists():
            pytest.skip("the command litert, which makes the model, is not built")
        folder = tmp_path_factory.mktemp("llm")
        (folder / "tiny.gguf").write_bytes(tiny_gguf.model(more={f"tokenizer.{key}": text for key, text in more.items()}))
        subprocess.run([str(command), "convert", str(folder / "tiny.gguf"), "-o", str(folder / "tiny.litertlm")],
                       check=True, stdout=subprocess.PIPE)
        return str(folder / "tiny.litertlm")
    return make


@pytest.fixture(scope="session")
def shared():
    """A function from a path below the shared folder to a file; skips where it is absent."""
    def find(*parts):
        path = SHARED.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"{path.name} is not here: no {SHARED.name} folder with models")
        return path
    return find
