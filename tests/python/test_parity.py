# test_parity.py: the same script against this package and ai_edge_litert shows and says the same.
# SPDX-License-Identifier: Apache-2.0
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from describe import plain

SCRIPT = Path(__file__).with_name("describe.py")
PEER = "ai_edge_litert.interpreter"

# Real models of all kinds of types and signatures, small enough for every run.
SHARED = [
    "real/lrt_tflite.java.src.testdata.add.bin", "real/lrt_tflite.converter.testdata.multi_signatures.bin",
    "real/lrt_d_sub.bin", "real/lrt_q_fc.bin", "real/lrt_t_reverse_signature_model.tflite",
    "real/lrt_t_qwen_fc_blockwise_quantized.tflite", "real/lrt_t_simple_add_dynamic_shape.tflite",
    "real/lrt_tflite.java.src.testdata.int64.bin", "real/lrt_d_call_once_mul.bin", "made/ds_cnn_kws.int8.tflite",
    "made/ad_autoencoder.aeq_dynamic_wi4_afp32.tflite", "made/resnet8_cifar.fp16w.tflite",
]


def described(module, path):
    done = subprocess.run([sys.executable, str(SCRIPT), module, str(path)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, universal_newlines=True, timeout=120, env=os.environ)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line[7:])[1]
    pytest.fail(f"{module} ended with {done.returncode}: {done.stderr[-300:]}")


def same_error(ours, theirs):
    """Kind and text; the other one's text may begin with older messages and counts its temporary tensors."""
    if ours is None or theirs is None:
        return ours == theirs
    ours_text, theirs_text = (re.sub(r"max tensor index \d+", "max tensor index N", e[1]) for e in (ours, theirs))
    return theirs[0][0] in ours[0] and theirs_text.endswith(ours_text)


def compare(path):
    if importlib.util.find_spec("ai_edge_litert") is None:
        pytest.skip("ai_edge_litert is not installed")
    ours, theirs = described("litert", path), described(PEER, path)
    assert "failed" not in ours and "failed" not in theirs, (ours, theirs)
    assert set(ours) == set(theirs)
    for part, value in theirs.items():
        if part in ("before", "after"):
            differing = {name: (ours[part].get(name), error) for name, error in value.items()
                         if not same_error(ours[part].get(name), error)}
            assert not differing and set(ours[part]) == set(value)
        else:
            assert ours[part] == value, part


@pytest.mark.parametrize("name", ["add", "dynamic", "fixed", "signatures", "int4", "quantized"])
def test_small_models(models, name):
    compare(models[name])


@pytest.mark.parametrize("name", SHARED)
def test_shared_models(shared, name):
    compare(shared("models", "tflite", name))


def test_sparsity(shared):
    """How sparse tensors are stored, of all tensors of a real sparse model."""
    path = str(shared("models", "tflite", "real/fd_face_detection_full_range_sparse.tflite"))
    peer = pytest.importorskip(PEER)
    details = [[plain(one["sparsity_parameters"]) for one in package.Interpreter(model_path=path).get_tensor_details()]
               for package in (importlib.import_module("litert"), peer)]
    assert details[0] == details[1][:len(details[0])]
    assert sum(bool(one) for one in details[0]) == 46
