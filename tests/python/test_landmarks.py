# test_landmarks.py: MediaPipe's face landmarks with attention: custom operators in a real model.
# SPDX-License-Identifier: Apache-2.0
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from litert import Interpreter, OpResolverType

MODEL = ("mediapipe==0.10.14", "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
         "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4")
# First numbers and the sum of each output for the face below, by MediaPipe 0.10.14 itself (its InferenceCalculator on
# the CPU with its own operators).
EXPECTED = [
    ((97.52003, 131.8791, -17.52901, 97.80879,), 96530.642),
    ((70.3315, 140.1382, 72.07779, 142.8629,), 18911.328),
    ((57.77216, 84.32153, 59.86623, 86.6697,), 10678.674),
    ((133.3351, 83.31307, 131.7667, 85.79372,), 14681.085),
    ((70.14671, 83.14753, 75.9092, 82.8015,), 766.36118),
    ((122.0659, 82.23975, 128.5252, 82.67082,), 1021.6565),
    ((27.64859,), 27.648588),
]


@pytest.fixture(scope="module")
def model():
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
    import demo
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "litert" / "demo"
    cache.mkdir(parents=True, exist_ok=True)
    try:
        return demo.fetch(*MODEL, cache)
    except SystemExit as error:
        if error.code != 69:
            raise
        pytest.skip("pip could not fetch mediapipe 0.10.14, which holds the model")


def draw_face():
    y, x = np.mgrid[0:192, 0:192]

    def ellipse(cx, cy, rx, ry):
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1

    image = np.full((192, 192, 3), 90, np.uint8)
    image[ellipse(96, 100, 62, 80)] = (224, 172, 140)
    for cx in (70, 122):
        image[ellipse(cx, 82, 14, 8)] = (245, 245, 245)
        image[ellipse(cx, 82, 6, 7)] = (60, 40, 30)
        image[ellipse(cx, 66, 16, 4)] = (80, 50, 30)
    image[ellipse(96, 108, 9, 14)] = (205, 150, 120)
    image[ellipse(96, 140, 26, 8)] = (170, 60, 60)
    return image[None].astype(np.float32) / 255


@pytest.mark.parametrize("resolver", [OpResolverType.AUTO, OpResolverType.BUILTIN_REF])
def test_face_with_attention(model, resolver):
    interpreter = Interpreter(model, experimental_op_resolver_type=resolver, num_threads=2)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], draw_face())
    interpreter.invoke()
    outputs = [interpreter.get_tensor(details["index"]).ravel() for details in interpreter.get_output_details()]
    assert [len(values) for values in outputs] == [1404, 160, 142, 142, 10, 10, 1]
    for values, (first, total) in zip(outputs, EXPECTED):
        np.testing.assert_allclose(values[:len(first)], first, atol=2e-3)
        np.testing.assert_allclose(values.astype(np.float64).sum(), total, rtol=1e-5)
