# op_elementwise.py: cases of operators that work element by element.
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from op_model import TYPES, array
from op_values import (broadcast_pair, family, finish, floats, operand, quant, result, shape, span, specials,
                       split_form, start, values)

UNARY = {
    "FLOOR": "float32 float16 bfloat16", "CEIL": "float32", "ROUND": "float32 float16 bfloat16",
    "EXP": "float32 int8q int16q", "LOG": "float32 int8q int16q", "SQRT": "float32 int8q int16q",
    "RSQRT": "float32 int8q int16q", "SIN": "float32 float16", "COS": "float32 float16",
    "NEG": "float32 float16 bfloat16 int8 int16 int32 int64 int8q int16q", "ABS": "float32 int16 int32 int8q int16q",
    "SIGN": "float32 float64 int32", "SQUARE": "float32", "LOGISTIC": "float32 float16 bfloat16 int8q uint8q int16q",
    "TANH": "float32 float16 bfloat16 int8q uint8q int16q", "RELU": "float32 float16 bfloat16 int8q uint8q int16q",
    "RELU_N1_TO_1": "float32 float16 bfloat16 int8q uint8q", "RELU6": "float32 float16 bfloat16 int8q uint8q int16q",
    "RELU_0_TO_1": "float32 float16 bfloat16 int8q uint8q", "ELU": "float32 int8q",
    "GELU": "float32 float16 int8q uint8q int16q", "LEAKY_RELU": "float32 int8q uint8q int16q",
    "HARD_SWISH": "float32 int8q uint8q", "LOGICAL_NOT": "bool", "ZEROS_LIKE": "float32 int32 int64",
    "SOFTMAX": "float32 float16 int8q uint8q int16q int8q>int16q", "LOG_SOFTMAX": "float32 int8q uint8q",
    "L2_NORMALIZATION": "float32 int8q uint8q",
}
# Output quantization that the operator prescribes.
FIXED = {
    "LOGISTIC": {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)},
    "TANH": {"int8": (1 / 128, 0), "uint8": (1 / 128, 128), "int16": (1 / 32768, 0)},
    "SOFTMAX": {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)},
    "LOG_SOFTMAX": {"int8": (16 / 256, 127), "uint8": (16 / 256, 255)},
    "L2_NORMALIZATION": {"int8": (1 / 128, 0), "uint8": (1 / 128, 128)},
}
POSITIVE = ("LOG", "SQRT", "RSQRT")


def unary_options(op, rng):
    return {"SOFTMAX": {"beta": float(rng.choice([1.0, 0.5, 2.0]))}, "LEAKY_RELU": {"alpha": 0.2},
            "GELU": {"approximate": bool(rng.integers(0, 2))}, "L2_NORMALIZATION": {"activation": 0}}.get(op)


def unary_case(op, form, turn, rng, made=None, tag=""):
    source, _, target = form.partition(">")
    kind, quantized = split_form(source)
    out_kind, _ = split_form(target or source)
    case = start(op, turn, form, rescale=quantized)
    case.tag = tag
    if kind == "int16" and op in ("LOGISTIC", "TANH"):
        case.trust = ("ref",)  # the peer's other kernels are several units off
    if kind == "float16" and op.startswith("RELU"):
        case.trust = ("xnn",)  # the others refuse
    rank = int(rng.integers(1, 5))
    if made is None:
        low = 0.01 if op in POSITIVE else None
        made = values(rng, kind, shape(rng, rank, 1, 5), low, full=quantized)
    in_q = out_q = None
    if quantized:
        in_q, out_q = quant(rng, kind), quant(rng, out_kind)
        if op in POSITIVE and kind != "int16":
            in_q = (in_q[0], span(kind)[0])
        if op in POSITIVE:
            made = np.maximum(made, span(kind)[0] + 1 if kind != "int16" else 1)
        if op == "HARD_SWISH" or op.startswith("RELU") or op in ("ABS",):
            out_q = (out_q[0] / 2 if kind != "int16" else in_q[0], out_q[1])
        if op in ("LOGISTIC", "TANH") and kind == "int16":
            in_q = (float(rng.choice([1 / 4096, 1 / 8192, 0.0002])), 0)
        if op in FIXED:
            out_q = FIXED[op][out_kind]
    x = operand(case, kind, made, in_q)
    y = result(case, out_kind, np.shape(made), out_q)
    return finish(case.run([x], [y], unary_options(op, rng)))


@family(*UNARY)
def unary(rng):
    for op, forms in UNARY.items():
        turn = int(rng.integers(0, 9))
        for form in forms.split():
            for _ in range(2):
                yield unary_case(op, form, turn, rng)
                turn += 1
            kind, quantized = split_form(form)
            if kind in TYPES and not quantized and kind != "bool" and not (
                    kind == "float16" and op.startswith("RELU")) and op not in ("SOFTMAX", "LOG_SOFTMAX",
                                                                                "L2_NORMALIZATION"):
                made = specials(kind)
                if op in ("SIN", "COS"):
                    made = made[np.abs(made.astype("f4")) < 1e4]  # further out no two implementations agree
                if op == "GELU":
                    made = made[np.isfinite(made.astype("f4"))]  # -inf: NaN in the peer, 0 here
                yield unary_case(op, form, turn, rng, made, "special")
            if kind in TYPES and op not in ("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"):
                yield unary_case(op, form, turn, rng, array(kind, np.zeros((2, 0, 3))), "empty")


ARITHMETIC = {
    "ADD": "float32 float16 int16 int32 int64 int8q uint8q int16q", "SUB": "float32 int32 int64 int8q uint8q int16q",
    "MUL": "float32 float16 int16 int32 uint32 int64 complex64 int8q uint8q int16q", "DIV": "float32 int32 int8q uint8q int16q",
    "MAXIMUM": "float32 float16 bfloat16 int8 uint8 int16 int32 int64 int8q uint8q int16q",
    "MINIMUM": "float32 float16 bfloat16 int8 uint8 int16 int32 int64 int8q uint8q int16q", "POW": "float32 int32",
    "FLOOR_DIV": "float32 int8 int16 int32", "FLOOR_MOD": "float32 int8 int16 int32 int64",
    "SQUARED_DIFFERENCE": "float32 int32 int8q", "ATAN2": "float32 float64 float16 bfloat16",
    "PRELU": "float32 int8q uint8q",
    "BITWISE_XOR": "int8 uint8 int16 uint16 int32 uint32 int8q uint8q int16q", "RIGHT_SHIFT": "int8 uint8 int16 uint16 int32 uint32 int8q uint8q int16q",
    "STABLEHLO_ADD": "float32 float16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool int8q uint8q int16q",
    "STABLEHLO_MULTIPLY": "float32 float16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool int8q uint8q int16q",
    "STABLEHLO_MAXIMUM": "float32 float16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool int8q uint8q int16q",
    "STABLEHLO_MINIMUM": "float32 float16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool int8q uint8q int16q",
    "STABLEHLO_AND": "int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool int8q uint8q int16q",
    "STABLEHLO_SHIFT_LEFT": "int8 int16 int32 int8q int16q",
    "LOGICAL_OR": "bool", "LOGICAL_AND": "bool",
}
FUSED = ("ADD", "SUB", "MUL", "DIV")
COMPARE = {
    "EQUAL": "float32 float16 int16 int32 int64 bool string int8q uint8q int16q",
    "NOT_EQUAL": "float32 float16 int16 int32 int64 bool string int8q uint8q int16q",
    "LESS": "float32 float16 bfloat16 int16 int32 int64 int8q uint8q int16q",
    "GREATER": "float32 float16 bfloat16 int16 int32 int64 int8q uint8q int16q",
    "LESS_EQUAL": "float32 float16 int16 int32 int64 int8q uint8q int16q",
    "GREATER_EQUAL": "float32 float16 int16 int32 int64 int8q uint8q int16q",
}


def binary_quant(op, kind, rng):
    if op in ("MAXIMUM", "MINIMUM", "BITWISE_XOR", "RIGHT_SHIFT") or op.startswith("STABLEHLO"):
        same = quant(rng, kind)
        return same, same, same
    three = [quant(rng, kind) for _ in range(3)]
    if op == "MUL":
        three[2] = (three[2][0] * 4, three[2][1])
    if op == "SQUARED_DIFFERENCE":
        three[2] = (1.0, three[2][1])
    return three


def binary_options(op, rng, form):
    if op not in FUSED:
        return None
    options = {"activation": int(rng.choice([0, 0, 1, 2, 3]))}
    if form in ("int64", "complex64", "uint32", "int32", "int16"):
        options["activation"] = 0
    if op in ("ADD", "SUB") and form == "int16q":
        options["pot_scale_int16"] = False
    return options


def binary_case(op, form, turn, rng, dims, tag=""):
    source, _, target = form.partition(">")
    kind, quantized = split_form(source)
    out_kind = target or kind
    case = start(op, turn, form, rescale=quantized and op not in ("MAXIMUM", "MINIMUM") and op[:3] not in ("BIT", "RIG", "STA"))
    case.tag = tag
    qs = binary_quant(op, kind, rng) if quantized else (None, None, None)
    if out_kind != kind:
        qs = (qs[0], qs[1], (qs[0][0] * qs[1][0], 0))
    a, b = (values(rng, kind, d, full=quantized or op.startswith("BITWISE")) for d in dims)
    if op in ("DIV", "FLOOR_DIV", "FLOOR_MOD"):
        b = np.where(b == (qs[1][1] if quantized else 0), array(kind, 3), b)
    if op == "POW":
        a, b = (np.abs(a), b) if kind == "float32" else (a % 5, np.abs(b) % 4)
    if op in ("RIGHT_SHIFT", "STABLEHLO_SHIFT_LEFT"):
        b = np.abs(b.astype("i8")) % 8
    if op == "DIV" and quantized:
        least, most = span(kind)
        b = np.clip(b, *((qs[1][1] + 20, most) if kind != "int16" else (2000, most)))
    x = operand(case, kind, a, qs[0])
    y = operand(case, kind, array(kind, b), qs[1], constant=rng.random() < 0.3 and kind not in ("bfloat16",))
    z = result(case, out_kind, np.broadcast_shapes(*dims), qs[2])
    return finish(case.run([x, y], [z], binary_options(op, rng, form)))


@family(*ARITHMETIC)
def arithmetic(rng):
    for op, forms in ARITHMETIC.items():
        turn = int(rng.integers(0, 9))
        for form in forms.split():
            ranks = (int(rng.integers(1, 5)), 5 if op in ("ADD", "SUB", "MUL", "DIV") else 4)
            for rank in ranks:
                dims = broadcast_pair(rng, rank)
                if op.startswith("STABLEHLO") or op == "ATAN2":
                    dims = (dims[0], dims[0])
                if op == "PRELU":
                    full = shape(rng, 4)
                    dims = (full, (1, 1, full[3]) if rank == 4 else (full[3],))
                yield binary_case(op, form, turn, rng, dims)
                turn += 1
        if op in FUSED:
            for dims in (((2, 0, 3), (1, 3)), ((2, 3, 1, 2, 1, 3), (3, 2, 1, 2, 1))):
                yield binary_case(op, forms.split()[0], turn, rng, dims, "empty" if 0 in dims[0] else "rank6")
        if op in ("ADD", "SUB"):
            yield pot_case(op, turn, rng)


def pot_case(op, turn, rng):
    """int16 with scales that are powers of two: an older arithmetic."""
    case = start(op, turn, "int16q", rescale=True)
    case.tag = "pot"
    x = case.input("int16", values(rng, "int16", (3, 5), full=True), (2.0 ** -11, 0))
    y = case.input("int16", values(rng, "int16", (3, 5), full=True), (2.0 ** -12, 0))
    z = case.output("int16", (3, 5), (2.0 ** -11, 0))
    return finish(case.run([x, y], [z], {"activation": 0, "pot_scale_int16": True}))


@family(*COMPARE)
def compare(rng):
    for op, forms in COMPARE.items():
        turn = int(rng.integers(0, 9))
        for form in forms.split():
            kind, quantized = split_form(form)
            case = start(op, turn, form, rescale=False)
            dims = broadcast_pair(rng, int(rng.integers(1, 5)))
            qs = (quant(rng, kind), quant(rng, kind)) if quantized else (None, None)
            if quantized and rng.random() < 0.5:
                qs = (qs[0], qs[0])
            a, b = (values(rng, kind, d, -3, 3, full=quantized) for d in dims)
            x, y = operand(case, kind, a, qs[0]), operand(case, kind, b, qs[1])
            if op == "NOT_EQUAL" and form == "int16":  # the peer takes them and compares nothing
                case.trust, case.oracle = (), lambda feed: [feed[0] != feed[1]]
            yield finish(case.run([x, y], [case.output("bool", np.broadcast_shapes(*dims))]))
            turn += 1
        case = start(op, turn, "float32")
        case.tag = "special"
        s = specials("float32")
        x, y = case.input("float32", s), case.input("float32", np.roll(s, 3)[: s.size])
        yield finish(case.run([x, y], [case.output("bool", s.shape)]))


@family("ADD_N", "BROADCAST_ARGS", "COMPLEX_ABS", "REAL", "IMAG", "RANK", "SHAPE", "FAKE_QUANT", "BUCKETIZE")
def small(rng):
    for kind in ("float32", "int32"):
        case = start("ADD_N", 0, kind)
        dims = shape(rng, 3)
        xs = [case.input(kind, values(rng, kind, dims)) for _ in range(int(rng.integers(2, 6)))]
        yield finish(case.run(xs, [case.output(kind, dims)]))
    for kind in ("int32", "int64"):
        case = start("BROADCAST_ARGS", 0, kind)
        a, b = broadcast_pair(rng, int(rng.integers(1, 5)))
        xs = [case.input(kind, d) for d in (a, b)]
        yield finish(case.run(xs, [case.output(kind, (max(len(a), len(b)),))]))
    for op in ("COMPLEX_ABS", "REAL", "IMAG"):
        for kind in ("complex64", "complex128"):
            case = start(op, 0, kind)
            dims = shape(rng, 2)
            x = case.input(kind, values(rng, kind, dims))
            yield finish(case.run([x], [case.output("float32" if kind == "complex64" else "float64", dims)]))
    for form in (*TYPES, "int8q", "uint8q", "int16q", "int4q", "int2q", "uint4q"):
        kind, quantized = split_form(form)
        if kind == "resource":
            continue
        dims = shape(rng, int(rng.integers(1, 7)), 1, 3)
        case = start("RANK", 0, form)
        x = operand(case, kind, values(rng, kind, dims), quant(rng, kind) if quantized else None)
        yield finish(case.run([x], [case.output("int32")]))
        for out, number in (("int32", 2), ("int64", 4)):
            case = start("SHAPE", 0, f"{form}>{out}")
            x = operand(case, kind, values(rng, kind, dims), quant(rng, kind) if quantized else None)
            yield finish(case.run([x], [case.output(out, (len(dims),))], {"out_type": number}))
    for turn, (bits, narrow) in enumerate(((8, False), (4, False), (16, False))):
        case = start("FAKE_QUANT", turn, "float32")
        case.tag = f"{bits}bits"
        x = case.input("float32", floats(rng, (3, 7)))
        low, high = sorted(floats(rng, 2, -3, 3).tolist())
        yield finish(case.run([x], [case.output("float32", (3, 7))],
                              {"min": float(low - 0.1), "max": float(high + 0.1), "num_bits": bits, "narrow_range": narrow}))
    for kind in ("float32", "float64", "int32", "int64"):
        case = start("BUCKETIZE", 0, kind)
        x = case.input(kind, values(rng, kind, (4, 6)))
        edges = sorted(set(np.round(rng.uniform(-5, 5, int(rng.integers(1, 7))), 1).tolist()))
        yield finish(case.run([x], [case.output("int32", (4, 6))], {"boundaries": edges}))
