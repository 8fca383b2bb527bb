# op_reduce.py: cases of reductions, pools, resizing, segments and conversions between types.
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from op_model import TYPES, array
from op_movement import forms_of, moved, numbers
from op_values import BITS, family, finish, floats, operand, quant, result, shape, span, specials, split_form, start, values

REDUCERS = {
    "MEAN": "float32 int32 int64 int8q uint8q int16q", "SUM": "float32 int32 int64 int8q uint8q int16q",
    "REDUCE_PROD": "float32 int32 int64 int8q int16q int8 uint8 int16", "REDUCE_MAX": "float32 int8 uint8 int16 int32 int64 int8q uint8q int16q",
    "REDUCE_MIN": "float32 int8 uint8 int16 int32 int64 int8q uint8q int16q", "REDUCE_ANY": "bool", "REDUCE_ALL": "bool",
}


@family(*REDUCERS)
def reducers(rng):
    for op, forms in REDUCERS.items():
        for form, turn in forms_of(op, forms, rng, 3):
            kind, quantized = split_form(form)
            rank = int(rng.integers(1, 6))
            axes = [int(a) - (rank if rng.random() < 0.3 else 0)
                    for a in rng.permutation(rank)[:int(rng.integers(1, rank + 1))]]
            if op == "MEAN" and rng.random() < 0.3:
                rank, axes = 4, [1, 2]
            dims = shape(rng, rank, 1, 4 if rank > 3 else 6)
            case = start(op, turn, form, rescale=quantized)
            q = quant(rng, kind) if quantized else None
            low = {"REDUCE_PROD": 0 if kind.startswith("u") else -3}.get(op)
            made = values(rng, kind, dims, low, 3 if op == "REDUCE_PROD" else None, full=quantized and op != "REDUCE_PROD")
            x = operand(case, kind, made, q)
            out_q = q if op.startswith("REDUCE_M") else quant(rng, kind) if quantized else None
            if quantized and op == "SUM":
                out_q = (out_q[0] * 4, out_q[1])
                case.trust = ("opt",)  # the peer's reference kernel does not rescale
            if quantized and op == "REDUCE_PROD":
                case.trust = ("ref",)  # the others copy where one element is reduced
            k = numbers(case, "int32", axes if len(axes) > 1 or rng.random() < 0.7 else np.array(axes[0]), rng)
            yield finish(case.run([x, k], [result(case, kind, (), out_q)], {"keep_dims": bool(rng.integers(0, 2))}))
    for op, edge in (("SUM", 0), ("REDUCE_PROD", 1), ("REDUCE_MAX", -np.inf), ("REDUCE_MIN", np.inf)):
        case, x, _, kind = moved(op, "float32", 1, rng, (2, 0, 3))
        case.tag = "empty"
        yield finish(case.run([x, case.const("int32", [1])], [case.output(kind)], {"keep_dims": False}))


@family("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
def pools(rng):
    for op, forms in (("AVERAGE_POOL_2D", "float32 int8q uint8q int16q"), ("MAX_POOL_2D", "float32 int8q uint8q int16q"),
                      ("L2_POOL_2D", "float32")):
        for form, turn in forms_of(op, forms, rng, 4):
            kind, quantized = split_form(form)
            case = start(op, turn, form, rescale=quantized and op == "AVERAGE_POOL_2D")
            dims = (int(rng.integers(1, 3)), int(rng.integers(3, 8)), int(rng.integers(3, 8)), int(rng.choice([1, 2, 3, 5, 17])))
            q = quant(rng, kind) if quantized else None
            x = operand(case, kind, values(rng, kind, dims, full=quantized), q)
            h, w = (int(v) for v in rng.integers(1, 4, 2))
            options = {"padding": int(rng.integers(0, 2)), "stride_w": int(rng.integers(1, 3)), "stride_h": int(rng.integers(1, 3)),
                       "filter_width": w, "filter_height": h, "activation": int(rng.choice([0, 1, 3]))}
            yield finish(case.run([x], [result(case, kind, (), q)], options))


@family("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "LOCAL_RESPONSE_NORMALIZATION", "CUMSUM", "RFFT2D")
def resizes(rng):
    for op, forms in (("RESIZE_BILINEAR", "float32 int8 uint8 int16 int8q uint8q int16q"),
                      ("RESIZE_NEAREST_NEIGHBOR", "float32 float16 bfloat16 int8 uint8 int16 uint16 int32 uint32 bool float8_e4m3fn int8q uint8q int16q")):
        for form, turn in forms_of(op, forms, rng, 3):
            dims = shape(rng, 4, 1, 5)
            case, x, q, kind = moved(op, form, turn, rng, dims)
            case.rescale = op == "RESIZE_BILINEAR"
            how = int(rng.integers(0, 3))
            case.tag = ("", "align", "half")[how]
            size = rng.integers(1, 9, 2)
            if how == 1:
                size = np.maximum(size, 2)
            k = numbers(case, "int32", size, rng)
            yield finish(case.run([x, k], [result(case, kind, (), q)], {"align_corners": how == 1, "half_pixel_centers": how == 2}))
    for _ in range(3):
        case, x, _, kind = moved("LOCAL_RESPONSE_NORMALIZATION", "float32", 0, rng, (1, 2, 2, int(rng.integers(1, 9))))
        case.trust = ("opt",)
        yield finish(case.run([x], [case.output(kind)], {"radius": int(rng.integers(0, 4)), "bias": 1.5, "alpha": 0.3,
                                                         "beta": float(rng.choice([0.5, 0.75, 1.0]))}))
    for form, turn in forms_of("CUMSUM", "float32 int32 int64", rng, 4):
        dims = shape(rng, int(rng.integers(1, 5)))
        case, x, _, kind = moved("CUMSUM", form, turn, rng, dims)
        k = numbers(case, "int32", np.array(int(rng.integers(-len(dims), len(dims)))), rng)
        yield finish(case.run([x, k], [case.output(kind)], {"exclusive": bool(rng.integers(0, 2)), "reverse": bool(rng.integers(0, 2))}))
    for _ in range(4):
        dims = (*shape(rng, int(rng.integers(0, 2))), int(rng.integers(1, 9)), int(rng.integers(1, 9)))
        case = start("RFFT2D", 0, "float32>complex64")
        x = case.input("float32", floats(rng, dims))
        k = numbers(case, "int32", [2 ** int(v) for v in rng.integers(1, 4, 2)], rng)
        yield finish(case.run([x, k], [case.output("complex64")]))


@family("SEGMENT_SUM", "UNSORTED_SEGMENT_SUM", "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_MAX", "UNSORTED_SEGMENT_MIN")
def segments(rng):
    for op in ("SEGMENT_SUM", "UNSORTED_SEGMENT_SUM", "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_MAX", "UNSORTED_SEGMENT_MIN"):
        for form, turn in forms_of(op, "float32 int32", rng, 3):
            rows = int(rng.integers(1, 7))
            dims = (rows, *shape(rng, int(rng.integers(0, 3))))
            case, x, _, kind = moved(op, form, turn, rng, dims)
            if op == "SEGMENT_SUM":
                ids = np.cumsum(rng.integers(0, 2, rows))
                ids -= ids[0]
                ins = [x, numbers(case, "int32", ids, rng)]
            else:
                ids = rng.integers(-1 if op != "SEGMENT_SUM" else 0, 5, rows)
                ins = [x, numbers(case, "int32", ids, rng), numbers(case, "int32", np.array(5), rng)]
            if kind == "int32" and op.endswith("PROD"):
                case.feeds[0][0] = case.feeds[0][0] % 5
            yield finish(case.run(ins, [case.output(kind)]))


CASTS = ["float32", "float16", "bfloat16", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
         "bool", "complex64"]


@family("CAST", "QUANTIZE", "DEQUANTIZE")
def conversions(rng):
    turn = int(rng.integers(0, 9))
    for source in CASTS + ["int4", "int2", "uint4"]:
        for target in CASTS + ["int4"]:
            if source == target or "bfloat16" in (source, target) and not {source, target} & {"float32"}:
                continue
            case = start("CAST", turn, f"{source}>{target}")
            turn += 1
            unsigned = target.startswith("u")
            made = values(rng, source, (3, 4), 0 if unsigned else -7, 7)
            if source in ("float32", "float64", "float16") and unsigned:
                made = np.abs(made)
            if source == "bfloat16":
                made = made & 0x7FFF
            if source == "complex64":
                made = made.real.clip(0) + 1j * made.imag
            number = {"in_data_type": TYPES[source][0], "out_data_type": TYPES[target][0]}
            x = case.const(source, made) if source in ("bfloat16", "int4", "int2", "uint4") else case.input(source, made)
            y = result(case, target, (3, 4))
            yield finish(case.run([x], [y], number))
    for target in ("int8", "uint8", "int16", "int32", "int64", "bool", "uint16", "uint32", "float16"):
        case = start("CAST", turn, f"float32>{target}")
        case.tag = "special"
        x = case.input("float32", specials("float32"))
        yield finish(case.run([x], [case.output(target, (16,))], {"in_data_type": 0, "out_data_type": TYPES[target][0]}))
    for target in ("int8", "uint8", "int16", "int4", "uint4"):
        for _ in range(2):
            case = start("QUANTIZE", turn, f"float32>{target}q", rescale=True)
            turn += 1
            q = quant(rng, target) if target in ("int8", "uint8", "int16") else (0.3, 3 if target == "uint4" else 1)
            case.fast = "1"
            x = case.input("float32", floats(rng, (4, 7), -15, 15))
            yield finish(case.run([x], [case.output(target, (4, 7), q)]))
    for source, target in (("int8", "int8"), ("int8", "uint8"), ("uint8", "int8"), ("uint8", "uint8"), ("int16", "int8"),
                           ("int16", "int16"), ("int8", "int16"), ("int16", "int32")):
        case = start("QUANTIZE", turn, f"{source}q>{target}q", rescale=True)
        turn += 1
        x = case.input(source, values(rng, source, (5, 6), full=True), quant(rng, source))
        q = quant(rng, target) if target in BITS and target != "int32" else (0.0001, 0)
        yield finish(case.run([x], [case.output(target, (5, 6), q)]))
    case = start("QUANTIZE", 5, "int8q>uint8q")
    x = case.input("int8", values(rng, "int8", (5, 6), full=True), (0.5, -7))
    yield finish(case.run([x], [case.output("uint8", (5, 6), (0.5, 121))]))
    case = start("QUANTIZE", 2, "float32>int8q:channel", rescale=True)
    x = case.input("float32", floats(rng, (3, 4), -3, 3))
    yield finish(case.run([x], [case.output("int8", (3, 4), (np.array([0.1, 0.05, 0.2, 0.3], "f4"), np.zeros(4, "i8"), 1))]))
    for source in ("int8", "uint8", "int16", "int4", "int2", "uint4"):
        for how in ("tensor", "channel"):
            for target in ("float32", "float16"):
                case = start("DEQUANTIZE", turn, f"{source}q:{how}>{target}")
                turn += 1
                q = quant(rng, source) if source in ("int8", "uint8", "int16") else (0.25, 0 if source != "uint4" else 7)
                if how == "channel":
                    q = (floats(rng, 4, 0.01, 0.2, 3), np.zeros(4, "i8"), 1)
                made = rng.integers(*span(source), (3, 4), endpoint=True)
                x = (case.const if source in ("int4", "int2", "uint4") else case.input)(source, array(source, made), q)
                yield finish(case.run([x], [case.output(target, (3, 4))]))
    for source in ("float16", "float8_e4m3fn", "float8_e5m2"):
        case = start("DEQUANTIZE", turn, f"{source}>float32")
        made = values(rng, source, (3, 4))
        x = case.const(source, made) if source != "float16" else case.input(source, made)
        yield finish(case.run([x], [case.output("float32", (3, 4))]))
