# test_rank.py: operators on tensors of rank 8, and broadcasting up to it, against numpy in both modes.
# SPDX-License-Identifier: Apache-2.0
"""The peer stops at ranks 4 to 6 in most of these; here every one takes 8."""
import sys
from pathlib import Path

import numpy as np
import pytest

from litert import Interpreter, OpResolverType

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "goldens"))

from op_model import OPERATORS, Case  # noqa: E402

SHAPE = (2, 1, 3, 2, 1, 2, 3, 2)
RANDOM = np.random.default_rng(11)
X = RANDOM.standard_normal(SHAPE).astype("f4")
PAIRS = [((2, 1, 3, 1, 1, 2, 1, 2), (1, 2, 1, 2, 2, 1, 3, 1)), ((2, 3, 1, 2, 1, 2, 1, 3), (3, 1, 2, 1, 1, 3)),
         ((1,) * 8, SHAPE), ((), SHAPE)]


def check(op, operands, wanted, options=None, version=None, tolerance=1e-5):
    """`operands` are arrays that are fed; a list is an int32 constant."""
    wanted = [np.asarray(w) for w in (wanted if isinstance(wanted, list) else [wanted])]
    case = Case(op, version or OPERATORS[op][1], "")
    inputs = [case.const("int32", o) if isinstance(o, (list, int)) else case.input(np.asarray(o).dtype.name, o)
              for o in operands]
    case.run(inputs, [case.output(w.dtype.name, w.shape) for w in wanted], options or {})
    for resolver in (OpResolverType.BUILTIN_REF, OpResolverType.AUTO):
        interpreter = Interpreter(model_content=case.bytes(), experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
        for detail, value in zip(interpreter.get_input_details(), case.feeds[0]):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        for detail, want in zip(interpreter.get_output_details(), wanted):
            got = interpreter.get_tensor(detail["index"])
            assert got.shape == want.shape and got.dtype == want.dtype, (op, got.shape, want.shape)
            if want.dtype.kind == "f":
                np.testing.assert_allclose(got, want, rtol=1e-4, atol=tolerance, err_msg=op)
            else:
                np.testing.assert_array_equal(got, want, err_msg=op)


UNARY = {"ABS": np.abs, "NEG": np.negative, "EXP": np.exp, "FLOOR": np.floor, "CEIL": np.ceil, "ROUND": np.rint,
         "SIN": np.sin, "COS": np.cos, "TANH": np.tanh, "LOGISTIC": lambda v: 1 / (1 + np.exp(-v)),
         "RELU": lambda v: np.maximum(v, 0), "SQUARE": np.square, "SIGN": np.sign, "ZEROS_LIKE": np.zeros_like}


@pytest.mark.parametrize("op", UNARY)
def test_unary(op):
    check(op, [X], UNARY[op](X))


FLOATS = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "DIV": np.divide, "MAXIMUM": np.maximum,
          "MINIMUM": np.minimum, "SQUARED_DIFFERENCE": lambda a, b: (a - b) ** 2, "FLOOR_DIV": np.floor_divide,
          "ATAN2": np.arctan2, "LESS": np.less, "GREATER": np.greater, "EQUAL": np.equal, "NOT_EQUAL": np.not_equal,
          "LESS_EQUAL": np.less_equal, "GREATER_EQUAL": np.greater_equal}
INTEGERS = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "FLOOR_DIV": np.floor_divide, "FLOOR_MOD": np.mod,
            "POW": np.power, "BITWISE_XOR": np.bitwise_xor, "RIGHT_SHIFT": np.right_shift}
BOOLS = {"LOGICAL_AND": np.logical_and, "LOGICAL_OR": np.logical_or}


@pytest.mark.parametrize("shapes", PAIRS, ids=["both", "lower", "one", "scalar"])
def test_broadcast(shapes):
    a = RANDOM.standard_normal(shapes[0]).astype("f4")
    b = RANDOM.uniform(0.5, 2, shapes[1]).astype("f4")
    for op, of in FLOATS.items():
        check(op, [a, b], of(a, b))
    for op, of in INTEGERS.items():
        i, j = np.floor(a * 20).astype("i4"), np.ceil(b * 2).astype("i4")
        check(op, [i, j], of(i, j))
    for op, of in BOOLS.items():
        check(op, [np.asarray(a > 0), np.asarray(b > 1)], of(a > 0, b > 1))
    three = np.array(3, "f4")
    check("SELECT_V2", [np.asarray(a > 0), b, three], np.where(a > 0, b, three))


REDUCTIONS = {"SUM": np.sum, "MEAN": np.mean, "REDUCE_MAX": np.max, "REDUCE_MIN": np.min, "REDUCE_PROD": np.prod}


@pytest.mark.parametrize("op", REDUCTIONS)
def test_reduction(op):
    for axes in [0, 2, 5], [7], [-1, -3, 1], list(range(8)), [0, 2, 4, 6]:
        for keep in False, True:
            check(op, [X, axes], REDUCTIONS[op](X, axis=tuple(axes), keepdims=keep), {"keep_dims": keep}, None, 1e-4)


def test_other_reductions():
    for op, of in {"REDUCE_ANY": np.any, "REDUCE_ALL": np.all}.items():
        check(op, [X > -1, [1, 3, 6]], of(X > -1, axis=(1, 3, 6)), {"keep_dims": False})
    for op, of in {"ARG_MAX": np.argmax, "ARG_MIN": np.argmin}.items():
        for axis in 0, 2, 7, -2:
            check(op, [X, axis], of(X, axis=axis).astype("i4"), {"output_type": 2})
    check("CUMSUM", [X, 2], np.cumsum(X, 2))
    powers = np.exp(X)
    check("SOFTMAX", [X], powers / powers.sum(-1, keepdims=True), {"beta": 1.0})
    best = np.argmax(X, -1)[..., None].astype("i4")
    check("TOPK_V2", [X, 1], [np.take_along_axis(X, best, -1), best])


def test_layout():
    order = [7, 2, 0, 5, 1, 4, 3, 6]
    for kind in "f4", "i1", "i2", "i8", "?":
        check("TRANSPOSE", [X.astype(kind), order], X.astype(kind).transpose(order))
    edges = [[1, 0], [0, 1], [2, 1], [0, 0], [1, 1], [0, 2], [1, 0], [0, 3]]
    check("PAD", [X, edges], np.pad(X, edges))
    check("PADV2", [X, edges, np.array(5, "f4")], np.pad(X, edges, constant_values=5))
    mirrored = [[1, 0], [0, 0], [1, 1], [0, 1], [0, 0], [1, 0], [2, 1], [0, 1]]
    check("MIRROR_PAD", [X, mirrored], np.pad(X, mirrored, mode="reflect"), {"mode": 0})
    check("SLICE", [X, [1, 0, 1, 0, 0, 1, 0, 0], [1, 1, 2, -1, 1, 1, 2, -1]], X[1:2, :, 1:3, :, :, 1:2, 0:2])
    check("STRIDED_SLICE", [X, [1, 0, 0, 1, 0, 1, 2, 0], [-9, 1, 3, -9, 1, 2, -9, 2], [-1, 1, 2, -1, 1, 1, -2, 1]],
          X[::-1, :, 0:3:2, ::-1, :, 1:2, ::-2])
    check("TILE", [X, [1, 2, 1, 2, 1, 1, 2, 1]], np.tile(X, [1, 2, 1, 2, 1, 1, 2, 1]))
    check("REVERSE_V2", [X, [0, 2, 6]], np.flip(X, (0, 2, 6)))
    check("BROADCAST_TO", [X[:, :, :1], [2, 4, 3, 2, 5, 2, 3, 2]], np.broadcast_to(X[:, :, :1], (2, 4, 3, 2, 5, 2, 3, 2)))
    check("RESHAPE", [X.ravel(), list(SHAPE)], X)
    check("SQUEEZE", [X], X.squeeze(), {"squeeze_dims": []})
    check("EXPAND_DIMS", [X[:, 0], 4], np.expand_dims(X[:, 0], 4))


def test_parts():
    for axis in 0, 3, 7, -1:
        check("CONCATENATION", [X, X + 1], np.concatenate([X, X + 1], axis), {"axis": axis})
    check("PACK", [X[:, 0], X[:, 0] + 1], np.stack([X[:, 0], X[:, 0] + 1], 3), {"values_count": 2, "axis": 3})
    check("UNPACK", [X], [X[:, :, i] for i in range(3)], {"num": 3, "axis": 2})
    check("SPLIT", [6, X], np.split(X, 3, 6), {"num_splits": 3})
    check("SPLIT_V", [X, [1, 2], 2], np.split(X, [1], 2), {"num_splits": 2})


def test_indices():
    picks = np.array([1, 0, 1], "i4")
    for axis in 0, 2, 5, 7:
        check("GATHER", [X, picks], np.take(X, picks, axis), {"axis": axis})
    places = np.array([[1, 0, 2, 1, 0, 1, 2, 1], [0] * 8], "i4")
    check("GATHER_ND", [X, places[:, :3]], X[places[:, 0], places[:, 1], places[:, 2]])
    check("GATHER_ND", [X, places], X[tuple(places.T)])
    check("WHERE", [X > 1], np.argwhere(X > 1).astype("i8"))
    check("SELECT", [X > 0, X, -X], np.where(X > 0, X, -X))
    classes = RANDOM.integers(0, 4, SHAPE[:7]).astype("i4")
    check("ONE_HOT", [classes, 4, np.array(1, "f4"), np.array(0, "f4")], np.eye(4, dtype="f4")[classes], {"axis": -1})
    update = RANDOM.standard_normal((1, 1, 2, 1, 1, 1, 2, 1)).astype("f4")
    after = X.copy()
    after[1:2, 0:1, 1:3, 1:2, 0:1, 0:1, 1:3, 1:2] = update
    check("DYNAMIC_UPDATE_SLICE", [X, update, [1, 0, 5, 1, 0, -3, 1, 1]], after)


def test_product():
    a = RANDOM.standard_normal((2, 1, 3, 2, 1, 2, 3, 4)).astype("f4")
    b = RANDOM.standard_normal((1, 2, 1, 2, 2, 1, 4, 2)).astype("f4")
    check("BATCH_MATMUL", [a, b], np.matmul(a, b))
