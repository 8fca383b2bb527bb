# op_movement.py: cases of operators that move, select and reshape elements.
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from op_model import TYPES, array
from op_values import BITS, family, finish, floats, operand, quant, result, shape, span, split_form, start, values

ALL = ("float32 float16 bfloat16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool complex64"
       " float8_e4m3fn")
QUANTIZED = " int8q uint8q int16q"
PACKED = " int4 int2 uint4 int4q int2q uint4q"


def moved(op, form, turn, rng, dims):
    """A case with its first operand: (case, index, quantization, kind)."""
    kind, quantized = split_form(form)
    case = start(op, turn, form)
    q = quant(rng, kind) if quantized else None
    return case, operand(case, kind, values(rng, kind, dims, full=kind in BITS and kind != "uint64"), q), q, kind


def numbers(case, kind, made, rng, always=False):
    """An operand of indices: constant more often than not."""
    return case.const(kind, made) if always or rng.random() < 0.7 else case.input(kind, made)


def by_numpy(case, make):
    """The peer accepts the type and leaves memory as it was: numpy decides."""
    case.trust, case.oracle = (), lambda feed: [make(*feed)]
    return case


def diagonal(kind):
    """Types of which the peer's diagonal operators move the elements."""
    return kind in ("float32", "int8", "uint8", "int16", "int32", "int64")


def with_diagonal(a, d):
    a = a.copy()
    for i in range(d.shape[-1]):
        a[..., i, i] = d[..., i]
    return a


def dilated(a, steps, fill):
    out = np.full([(d - 1) * k + 1 for d, k in zip(a.shape, steps)], fill, a.dtype)
    out[tuple(slice(None, None, k) for k in steps)] = a
    return out


def forms_of(op, text, rng, count=1):
    turn = int(rng.integers(0, 9))
    for form in text.split():
        for _ in range(count):
            yield form, turn
            turn += 1


@family("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "BITCAST")
def reshapes(rng):
    for form, turn in forms_of("RESHAPE", ALL + " string" + PACKED + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 7)))
        case, x, q, kind = moved("RESHAPE", form, turn, rng, dims)
        count = int(np.prod(dims))
        target = [-1, dims[-1]] if rng.random() < 0.5 else [count]
        y = result(case, kind, (count // dims[-1], dims[-1]) if len(target) == 2 else (count,), q)
        if rng.random() < 0.3:
            yield finish(case.run([x], [y], {"new_shape": target}))
        else:
            yield finish(case.run([x, numbers(case, "int32", target, rng)], [y], {"new_shape": target}))
    for form, turn in forms_of("SQUEEZE", ALL + " string" + PACKED + QUANTIZED, rng):
        dims = [1 if rng.random() < 0.5 else int(rng.integers(2, 4)) for _ in range(int(rng.integers(1, 6)))]
        ones = [i for i, d in enumerate(dims) if d == 1]
        axes = [int(a) - (len(dims) if rng.random() < 0.3 else 0) for a in ones if rng.random() < 0.6]
        case, x, q, kind = moved("SQUEEZE", form, turn, rng, dims)
        gone = [a % len(dims) for a in axes] or ones
        y = result(case, kind, [d for i, d in enumerate(dims) if i not in gone], q)
        yield finish(case.run([x], [y], {"squeeze_dims": axes}))
    for form, turn in forms_of("EXPAND_DIMS", ALL + " string" + PACKED + QUANTIZED, rng):
        dims = list(shape(rng, int(rng.integers(form == "string", 6))))
        axis = int(rng.integers(-len(dims) - 1, len(dims) + 1))
        case, x, q, kind = moved("EXPAND_DIMS", form, turn, rng, dims)
        out = list(dims)
        out.insert(axis + len(dims) + 1 if axis < 0 else axis, 1)
        k = numbers(case, str(rng.choice(["int32", "int64"])), [axis], rng)
        yield finish(case.run([x, k], [result(case, kind, out, q)]))
    for form, turn in forms_of("TRANSPOSE", ALL + " int4 uint4 int4q uint4q" + QUANTIZED, rng, 2):
        rank = int(rng.integers(1, 7))
        dims = shape(rng, rank)
        perm = rng.permutation(rank)
        case, x, q, kind = moved("TRANSPOSE", form, turn, rng, dims)
        k = numbers(case, "int32", perm, rng)
        yield finish(case.run([x, k], [result(case, kind, [dims[p] for p in perm], q)]))
    for rank in (7, 8):
        case, x, q, kind = moved("TRANSPOSE", "float32", 7, rng, shape(rng, rank, 1, 2))
        case.tag = f"rank{rank}"
        yield finish(case.run([x, numbers(case, "int32", rng.permutation(rank), rng)], [result(case, kind)]))
    for source, target in (("float32", "int32"), ("float32", "uint8"), ("int16", "float16"), ("uint8", "int32"), ("int8", "uint8"),
                           ("int64", "int32"), ("uint32", "float32"), ("float64", "int16"), ("int32", "int64"),
                           ("complex64", "float32"), ("uint16", "int8"), ("bool", "int8"), ("int32", "uint64"), ("int8q", "uint8q"), ("uint8q", "int8q"), ("int16q", "int16q")):
        (source, _), (target, _), form = split_form(source), split_form(target), f"{source}>{target}"
        a, b = (np.dtype(TYPES[k][1]).itemsize for k in (source, target))
        dims = shape(rng, 2)
        inner = dims if a >= b else (*dims, b // a)
        case = start("BITCAST", 0, form)
        q = (0.5, 3 if source != "int16" else 0) if "q" in form else None
        x = case.input(source, values(rng, source, inner), q)
        out = dims if a <= b else (*dims, a // b)
        made = finish(case.run([x], [case.output(target, out, q)]))
        made.ref = made.fast = "0"
        yield made


@family("SLICE", "STRIDED_SLICE", "DYNAMIC_UPDATE_SLICE", "SPLIT", "SPLIT_V", "UNPACK", "REVERSE_V2", "REVERSE_SEQUENCE")
def pieces(rng):
    for form, turn in forms_of("SLICE", ALL + " string int4 int4q" + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 6)), 1, 5)
        case, x, q, kind = moved("SLICE", form, turn, rng, dims)
        begin = [int(rng.integers(0, d)) for d in dims]
        size = [-1 if rng.random() < 0.3 else int(rng.integers(0 if rng.random() < 0.1 else 1, d - b + 1))
                for d, b in zip(dims, begin)]
        k = str(rng.choice(["int32", "int64"]))
        y = result(case, kind, [d - b if s < 0 else s for d, b, s in zip(dims, begin, size)], q)
        yield finish(case.run([x, numbers(case, k, begin, rng), numbers(case, k, size, rng)], [y]))
    for form, turn in forms_of("STRIDED_SLICE", ALL + " string" + QUANTIZED, rng, 2):
        dims = shape(rng, int(rng.integers(1, 4 if form == "string" else 6)), 1, 5)
        case, x, q, kind = moved("STRIDED_SLICE", form, turn, rng, dims)
        begin, end = [int(rng.integers(-d - 1, d + 1)) for d in dims], [int(rng.integers(-d - 1, d + 2)) for d in dims]
        stride = [int(rng.choice([1, 1, 2, -1, -2, 3])) for _ in dims]
        masks = {m: int(rng.integers(0, 1 << len(dims))) if rng.random() < 0.5 else 0
                 for m in ("begin_mask", "end_mask")}
        shrink = int(rng.integers(0, 1 << len(dims))) if rng.random() < 0.3 else 0
        for i, d in enumerate(dims):
            if shrink >> i & 1:
                begin[i], stride[i] = int(rng.integers(-d, d)), 1
        ks = [numbers(case, "int32", v, rng) for v in (begin, end, stride)]
        yield finish(case.run([x, *ks], [result(case, kind, (), q)], {**masks, "shrink_axis_mask": shrink}))
    for masks, spec in (({"ellipsis_mask": 2}, 3), ({"new_axis_mask": 1}, 3), ({"new_axis_mask": 2, "ellipsis_mask": 1}, 3)):
        case, x, q, kind = moved("STRIDED_SLICE", "float32", 5, rng, shape(rng, 3, 2, 5))
        case.tag = "+".join(masks)
        ks = [case.const("int32", v) for v in ([0, 0, 0][:spec], [2, 2, 2][:spec], [1, 1, 1][:spec])]
        yield finish(case.run([x, *ks], [case.output(kind)], masks))
    case, x, q, kind = moved("STRIDED_SLICE", "float32", 7, rng, (4, 6))
    case.tag = "offset"
    ks = [case.const("int32", v) for v in ([1, 2], [2, 3], [1, 1])]
    yield finish(case.run([x, *ks], [case.output(kind)], {"offset": True}))
    for form, turn in forms_of("DYNAMIC_UPDATE_SLICE", ALL + " int4 int4q" + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 6)), 2, 4)
        case, x, q, kind = moved("DYNAMIC_UPDATE_SLICE", form, turn, rng, dims)
        part = [int(rng.integers(1, d + 1)) for d in dims]
        u = operand(case, kind, values(rng, kind, part, full=kind in BITS and kind != "uint64"), q)
        at = [int(rng.integers(-1, d + 1)) for d in dims]
        yield finish(case.run([x, u, numbers(case, str(rng.choice(["int32", "int64"])), at, rng)],
                              [result(case, kind, dims, q)]))
    for form, turn in forms_of("SPLIT", "float32 int8 uint8 int16 int32 int64" + QUANTIZED, rng):
        dims = list(shape(rng, int(rng.integers(1, 5))))
        axis, parts = int(rng.integers(0, len(dims))), int(rng.integers(1, 4))
        dims[axis] *= parts
        case, x, q, kind = moved("SPLIT", form, turn, rng, dims)
        a = case.const("int32", np.array(axis - (len(dims) if rng.random() < 0.3 else 0), "i4"))
        yield finish(case.run([a, x], [result(case, kind, (), q) for _ in range(parts)], {"num_splits": parts}))
    for form, turn in forms_of("SPLIT_V", "float32 int8 uint8 int16 int32 int64" + QUANTIZED, rng):
        sizes = [int(s) for s in rng.integers(1, 4, int(rng.integers(1, 4)))]
        dims = list(shape(rng, int(rng.integers(1, 5))))
        axis = int(rng.integers(0, len(dims)))
        dims[axis] = sum(sizes)
        case, x, q, kind = moved("SPLIT_V", form, turn, rng, dims)
        said = [-1 if i == 0 and rng.random() < 0.4 else s for i, s in enumerate(sizes)]
        ks = [case.const(str(rng.choice(["int32", "int64"])), said), case.const("int32", np.array(axis, "i4"))]
        yield finish(case.run([x, *ks], [result(case, kind, (), q) for _ in sizes], {"num_splits": len(sizes)}))
    for form, turn in forms_of("UNPACK", "float32 float16 bfloat16 int8 uint8 int16 int32 bool" + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 5)))
        axis = int(rng.integers(0, len(dims)))
        case, x, q, kind = moved("UNPACK", form, turn, rng, dims)
        outs = [result(case, kind, (), q) for _ in range(dims[axis])]
        yield finish(case.run([x], outs, {"num": dims[axis], "axis": axis - (len(dims) if rng.random() < 0.4 else 0)}))
    for form, turn in forms_of("REVERSE_V2", "float32 float16 bfloat16 int8 uint8 int16 int32 int64 bool" + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 5)))
        first = int(rng.integers(0, len(dims)))
        axes = list(range(first, int(rng.integers(first, len(dims))) + 1))
        case, x, q, kind = moved("REVERSE_V2", form, turn, rng, dims)
        yield finish(case.run([x, numbers(case, "int32", axes, rng)], [result(case, kind, dims, q)]))
    for form, turn in forms_of("REVERSE_SEQUENCE", "float32 uint8 int16 int32 int64 uint8q int16q", rng):
        dims = shape(rng, int(rng.integers(2, 5)))
        seq, batch = (int(a) for a in rng.permutation(len(dims))[:2])
        case, x, q, kind = moved("REVERSE_SEQUENCE", form, turn, rng, dims)
        ends = rng.integers(1, dims[seq] + 1, dims[batch])
        k = numbers(case, str(rng.choice(["int32", "int64"])), ends, rng)
        yield finish(case.run([x, k], [result(case, kind, dims, q)], {"seq_dim": seq, "batch_dim": batch}))


@family("PAD", "PADV2", "MIRROR_PAD", "CONCATENATION", "PACK", "TILE", "BROADCAST_TO", "FILL", "RANGE", "ONE_HOT")
def spreads(rng):
    some = "float32 float16 bfloat16 int8 uint8 int16 int32 int64 bool"
    for op in ("PAD", "PADV2"):
        for form, turn in forms_of(op, some + QUANTIZED, rng):
            rank = int(rng.integers(1, 6))
            dims = shape(rng, rank, 1, 3)
            case, x, q, kind = moved(op, form, turn, rng, dims)
            pads = rng.integers(0, 3, (rank, 2))
            ins = [x, numbers(case, str(rng.choice(["int32", "int64"])), pads, rng)]
            if op == "PADV2":
                ins.append(operand(case, kind, values(rng, kind, (1,)), q, constant=kind != "bfloat16"))
            yield finish(case.run(ins, [result(case, kind, [d + int(p.sum()) for d, p in zip(dims, pads)], q)]))
    for form, turn in forms_of("MIRROR_PAD", ALL + QUANTIZED, rng):
        rank, mode = int(rng.integers(1, 5)), int(rng.integers(0, 2))
        dims = shape(rng, rank, 2, 4)
        case, x, q, kind = moved("MIRROR_PAD", form, turn, rng, dims)
        pads = [[int(rng.integers(0, d + mode)) for _ in range(2)] for d in dims]
        k = numbers(case, str(rng.choice(["int32", "int64"])), pads, rng)
        yield finish(case.run([x, k], [result(case, kind, (), q)], {"mode": mode}))
    for form, turn in forms_of("CONCATENATION", some + " uint32 int4 int4q" + QUANTIZED, rng):
        rank = int(rng.integers(1, 6))
        dims, axis = list(shape(rng, rank)), int(rng.integers(0, rank))
        case = start("CONCATENATION", turn, form)
        kind, quantized = split_form(form)
        q = quant(rng, kind) if quantized else None
        ins = []
        for _ in range(int(rng.integers(1, 5))):
            dims[axis] = int(rng.integers(1, 4))
            ins.append(operand(case, kind, values(rng, kind, dims, full=kind in BITS), q))
        yield finish(case.run(ins, [result(case, kind, (), q)],
                              {"axis": axis - (rank if rng.random() < 0.4 else 0), "activation": 0}))
    case = start("CONCATENATION", 3, "uint8q", rescale=True)
    ins = [case.input("uint8", values(rng, "uint8", (2, 3), full=True), quant(rng, "uint8")) for _ in range(3)]
    yield finish(case.run(ins, [case.output("uint8", (2, 9), quant(rng, "uint8"))], {"axis": 1, "activation": 0}))
    for form, turn in forms_of("PACK", "float32 int8 uint8 int16 int32 uint32 int64" + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(0, 5)))
        kind, quantized = split_form(form)
        case = start("PACK", turn, form)
        q = quant(rng, kind) if quantized else None
        ins = [operand(case, kind, values(rng, kind, dims, full=kind in BITS), q) for _ in range(int(rng.integers(1, 4)))]
        axis = int(rng.integers(-len(dims) - 1, len(dims) + 1))
        yield finish(case.run(ins, [result(case, kind, (), q)], {"values_count": len(ins), "axis": axis}))
    for form, turn in forms_of("TILE", ALL + " string" + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 5)), 1, 3)
        case, x, q, kind = moved("TILE", form, turn, rng, dims)
        k = numbers(case, str(rng.choice(["int32", "int64"])), rng.integers(1, 4, len(dims)), rng)
        yield finish(case.run([x, k], [result(case, kind, (), q)]))
    for form, turn in forms_of("BROADCAST_TO", ALL + " int4" + QUANTIZED, rng):
        rank = int(rng.integers(1, 6))
        out = shape(rng, rank, 1, 3)
        dims = [d if rng.random() < 0.6 else 1 for d in out][int(rng.integers(0, rank)):]
        case, x, q, kind = moved("BROADCAST_TO", form, turn, rng, dims)
        k = numbers(case, str(rng.choice(["int32", "int64"])), out, rng)
        case.run([x, k], [result(case, kind, out, q)])
        table = case.main.tensors[x].data
        yield finish(case if kind != "int4" else by_numpy(case, lambda *_, t=table, o=out: np.broadcast_to(t, o)))
    for form, turn in forms_of("FILL", ALL + " string" + QUANTIZED, rng):
        kind, quantized = split_form(form)
        case = start("FILL", turn, form)
        q = quant(rng, kind) if quantized else None
        k = numbers(case, str(rng.choice(["int32", "int64"])), shape(rng, int(rng.integers(0, 5))), rng)
        x = operand(case, kind, values(rng, kind, ()), q, constant=kind in ("bfloat16", "string"))
        yield finish(case.run([k, x], [result(case, kind, (), q)]))
    for form, turn in forms_of("RANGE", "float32 int32 int64", rng, 3):
        case = start("RANGE", turn, form)
        first, step = (5, -1) if rng.random() < 0.4 else (-2, 2)
        limit = first + step * int(rng.integers(0, 7)) + int(rng.integers(0, 2)) * (1 if step > 0 else -1)
        if form == "float32":
            step, limit = step * 0.3, limit * 0.3
        ks = [numbers(case, form, np.array(v), rng) for v in (first, limit, step)]
        yield finish(case.run(ks, [case.output(form)]))
    for form, turn in forms_of("ONE_HOT", "float32 int8 uint8 int32 int64 bool int8q uint8q", rng):
        kind, quantized = split_form(form)
        q = quant(rng, kind) if quantized else None
        for index in ("int32", "int64"):
            case = start("ONE_HOT", turn, form)
            dims = shape(rng, int(rng.integers(1, 4)))
            x = case.input(index, rng.integers(-1, 6, dims))
            ks = [numbers(case, "int32", np.array(5), rng), case.const(kind, array(kind, 1 if kind == "bool" else 7), q),
                  case.const(kind, array(kind, 0), q)]
            yield finish(case.run([x, *ks], [case.output(kind, (), q)], {"axis": int(rng.integers(-1, len(dims) + 1))}))


@family("GATHER", "GATHER_ND", "SCATTER_ND", "SELECT", "SELECT_V2", "WHERE", "UNIQUE", "TOPK_V2", "ARG_MAX", "ARG_MIN",
        "SPARSE_TO_DENSE", "EMBEDDING_LOOKUP", "EMBEDDING_LOOKUP_SPARSE", "HASHTABLE_LOOKUP")
def selections(rng):
    some = "float32 float16 bfloat16 int8 uint8 int16 int32 int64 bool string"
    for form, turn in forms_of("GATHER", some + " int4 int4q" + QUANTIZED, rng, 2):
        rank = 1 if form == "string" else int(rng.integers(1, 5))
        dims = shape(rng, rank, 1, 4)
        axis = int(rng.integers(0, rank))
        batch = int(rng.integers(0, axis + 1)) if rng.random() < 0.4 else 0
        case, x, q, kind = moved("GATHER", form, turn, rng, dims)
        tail = shape(rng, int(rng.integers(0, 3)), 1, 3)
        index = str(rng.choice(["int16", "int32", "int64"]))
        batch = 0 if kind == "int4" else batch
        at = rng.integers(0, dims[axis], (*dims[:batch], *tail))
        k = numbers(case, index, at, rng)
        case.run([x, k], [result(case, kind, (), q)],
                 {"axis": axis - (rank if rng.random() < 0.2 else 0), "batch_dims": batch})
        table = case.main.tensors[x].data
        yield finish(case if kind != "int4" else by_numpy(case, lambda *_, t=table, i=at, a=axis: np.take(t, i, a)))
    for form, turn in forms_of("GATHER_ND", some + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 5)), 1, 4)
        depth = int(rng.integers(1, len(dims) + 1))
        case, x, q, kind = moved("GATHER_ND", form, turn, rng, dims)
        index = str(rng.choice(["int16", "int32", "int64"]))
        rows = shape(rng, int(rng.integers(1, 3)))
        made = np.stack([rng.integers(0, d, rows) for d in dims[:depth]], -1)
        yield finish(case.run([x, numbers(case, index, made, rng)], [result(case, kind, (), q)]))
    for form, turn in forms_of("SCATTER_ND", "float32 int8 uint8 int32 int64 bool int8q uint8q", rng):
        kind, quantized = split_form(form)
        case = start("SCATTER_ND", turn, form)
        dims = shape(rng, int(rng.integers(1, 4)), 2, 5)
        depth = int(rng.integers(1, len(dims) + 1))
        rows = int(rng.integers(1, 6))
        made = np.stack([rng.integers(0, d, rows) for d in dims[:depth]], -1)
        q = quant(rng, kind) if quantized else None
        u = operand(case, kind, values(rng, kind, (rows, *dims[depth:])), q)
        yield finish(case.run([numbers(case, "int32", made, rng), u, numbers(case, "int32", dims, rng)],
                              [result(case, kind, dims, q)]))
    for op in ("SELECT", "SELECT_V2"):
        for form, turn in forms_of(op, ALL + QUANTIZED, rng):
            dims = shape(rng, int(rng.integers(1, 5)))
            case, x, q, kind = moved(op, form, turn, rng, dims)
            other, cond = dims, dims if op == "SELECT_V2" or rng.random() < 0.7 else dims[:1]
            if op == "SELECT_V2":
                other, cond = ([d if rng.random() < 0.7 else 1 for d in dims][int(rng.integers(0, 2)):] for _ in range(2))
            y = operand(case, kind, values(rng, kind, other, full=kind in BITS and kind != "uint64"), q)
            c = case.input("bool", rng.integers(0, 2, cond))
            yield finish(case.run([c, x, y], [result(case, kind, dims, q)]))
    for form, turn in forms_of("WHERE", "float32 int8 uint8 int32 uint32 int64 bool int8q uint8q", rng):
        kind, quantized = split_form(form)
        case = start("WHERE", turn, form)
        made = values(rng, kind, shape(rng, int(rng.integers(1, 5))), 0, 1 if form != "float32" else None)
        x = case.input(kind, made, quant(rng, kind) if quantized else None)
        yield finish(case.run([x], [case.output("int64")]))
    for form, turn in forms_of("UNIQUE", "float32 int8 uint8 int16 int32 int64" + QUANTIZED, rng):
        for out, number in (("int32", 2), ("int64", 4)):
            kind, quantized = split_form(form)
            case = start("UNIQUE", turn, form)
            q = quant(rng, kind) if quantized else None
            x = case.input(kind, array(kind, rng.integers(0, 5, int(rng.integers(1, 12)))), q)
            yield finish(case.run([x], [case.output(kind, (), q), case.output(out)], {"idx_out_type": number}))
    for form, turn in forms_of("TOPK_V2", "float32 int8 uint8 int16 int32 int64" + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 4)), 1, 7)
        case, x, q, kind = moved("TOPK_V2", form, turn, rng, dims)
        index = str(rng.choice(["int16", "int32"]))
        k = numbers(case, index, np.array(int(rng.integers(0, dims[-1] + 1))), rng)
        yield finish(case.run([x, k], [result(case, kind, (), q), case.output("int16" if index == "int16" else "int32")]))
    for op in ("ARG_MAX", "ARG_MIN"):
        for form, turn in forms_of(op, "float32 int8 uint8 int32 bool int8q uint8q", rng):
            for out, number in (("int32", 2), ("int64", 4)):
                dims = shape(rng, int(rng.integers(1, 5)))
                case, x, q, kind = moved(op, form, turn, rng, dims)
                k = numbers(case, str(rng.choice(["int32", "int64"])), np.array(int(rng.integers(-len(dims), len(dims)))), rng)
                yield finish(case.run([x, k], [case.output(out)], {"output_type": number}))
    for form, turn in forms_of("SPARSE_TO_DENSE", "float32 int8 uint8 int32 int64 int8q uint8q", rng, 2):
        kind, quantized = split_form(form)
        q = quant(rng, kind) if quantized else None
        dims = shape(rng, int(rng.integers(1, 5)), 2, 4)
        index = str(rng.choice(["int32", "int64"]))
        case = start("SPARSE_TO_DENSE", turn, form)
        flat = np.sort(rng.choice(int(np.prod(dims)), int(rng.integers(1, 3)), replace=False))
        made = np.stack(np.unravel_index(flat, dims), -1)
        if len(dims) == 1 and rng.random() < 0.5:
            made = made[:, 0]
        v = values(rng, kind, (len(flat),) if rng.random() < 0.7 else ())
        ks = [numbers(case, index, made, rng), numbers(case, index, dims, rng), case.input(kind, v, q),
              case.input(kind, values(rng, kind, ()), q)]
        yield finish(case.run(ks, [case.output(kind, (), q)], {"validate_indices": False}))
    yield from lookups(rng)


def lookups(rng):
    for form, turn in forms_of("EMBEDDING_LOOKUP", ALL, rng):
        dims = shape(rng, int(rng.integers(2, 5)), 2, 5)
        case = start("EMBEDDING_LOOKUP", turn, form)
        ids = case.input("int32", rng.integers(0, dims[0], int(rng.integers(1, 6))))
        table = case.const(form, values(rng, form, dims))
        yield finish(case.run([ids, table], [result(case, form)]))
    for kind, how, out in (("int8", "tensor", "float32"), ("int8", "channel", "float32"), ("int4", "channel", "float32"),
                           ("int2", "channel", "float32"), ("int4", "block", "float32"), ("uint8", "tensor", "float32"),
                           ("int4", "tensor", "float32"), ("int8", "channel", "float16"), ("int4", "channel", "float16")):
        rows, depth = int(rng.integers(2, 6)), 32 * int(rng.integers(1, 3)) if how == "block" else 4 * int(rng.integers(1, 5))
        case = start("EMBEDDING_LOOKUP", 4, f"{kind}q:{how}>{out}")
        ids = case.input("int32", rng.integers(0, rows, 4))
        made = rng.integers(*span(kind), (rows, depth), endpoint=True)
        if how == "block":
            scales = case.const("float16", floats(rng, (rows, depth // 32), 0.01, 0.1, 3))
            q = ("block", scales, -1, 32)
        elif how == "channel":
            q = (floats(rng, rows, 0.01, 0.1, 3), np.zeros(rows, "i8"), 0)
        else:
            q = (0.05, 0)
        table = case.const(kind, made, q)
        yield finish(case.run([ids, table], [case.output(out)]))
    for combiner in range(3):
        case = start("EMBEDDING_LOOKUP_SPARSE", 0, "float32")
        rows, width = int(rng.integers(3, 6)), shape(rng, int(rng.integers(1, 3)))
        count = int(rng.integers(2, 6))
        first = np.sort(rng.integers(0, 3, count))
        inner = np.concatenate([np.arange(n) for n in np.unique(first, return_counts=True)[1]])
        ins = [case.input("int32", rng.integers(0, rows, count)), case.input("int32", np.stack([first, inner], -1)),
               case.const("int32", [3, count]), case.input("float32", floats(rng, count, 0.5, 2)),
               case.input("float32", floats(rng, (rows, *width)))]
        yield finish(case.run(ins, [case.output("float32")], {"combiner": combiner}))
    for form in ("float32", "int32", "uint8", "string"):
        case = start("HASHTABLE_LOOKUP", 0, form)
        rows = int(rng.integers(2, 7))
        keys = np.sort(rng.choice(50, rows, replace=False))
        asked = np.where(rng.random(5) < 0.6, rng.choice(keys, 5), 60)
        made = values(rng, form, (rows,) if form == "string" else (rows, 3))
        ins = [case.input("int32", asked), case.input("int32", keys), case.input(form, made)]
        yield finish(case.run(ins, [case.output(form), case.output("uint8")]))


@family("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "MATRIX_DIAG", "MATRIX_SET_DIAG",
        "DILATE")
def rearrangements(rng):
    for form, turn in forms_of("SPACE_TO_BATCH_ND", ALL + QUANTIZED, rng):
        block = [int(b) for b in rng.integers(1, 4, int(rng.choice([1, 2, 2])))]
        pads = [[int(rng.integers(0, 2)), 0] for _ in block]
        dims = [int(rng.integers(1, 3))]
        for b, p in zip(block, pads):
            size = int(rng.integers(1, 6))
            p[1] = -(size + p[0]) % b
            dims.append(size)
        dims.append(int(rng.integers(1, 4)))
        case, x, q, kind = moved("SPACE_TO_BATCH_ND", form, turn, rng, dims)
        yield finish(case.run([x, numbers(case, "int32", block, rng), numbers(case, "int32", pads, rng)],
                              [result(case, kind, (), q)]))
    for form, turn in forms_of("BATCH_TO_SPACE_ND", ALL + QUANTIZED, rng):
        block = [int(b) for b in rng.integers(1, 4, int(rng.choice([1, 2, 2])))]
        dims = [int(rng.integers(1, 3)) * int(np.prod(block))] + [int(rng.integers(2, 4)) for _ in block] + [int(rng.integers(1, 4))]
        crops = [[int(rng.integers(0, 2)), int(rng.integers(0, 2)) if b > 1 else 0] for b in block]
        case, x, q, kind = moved("BATCH_TO_SPACE_ND", form, turn, rng, dims)
        yield finish(case.run([x, numbers(case, "int32", block, rng), numbers(case, "int32", crops, rng)],
                              [result(case, kind, (), q)]))
    for op in ("SPACE_TO_DEPTH", "DEPTH_TO_SPACE"):
        for form, turn in forms_of(op, "float32 int8 uint8 int32 int64 int8q uint8q", rng):
            b = int(rng.integers(1, 4))
            n, h, w, c = shape(rng, 4, 1, 3)
            dims = (n, h * b, w * b, c) if op == "SPACE_TO_DEPTH" else (n, h, w, c * b * b)
            case, x, q, kind = moved(op, form, turn, rng, dims)
            yield finish(case.run([x], [result(case, kind, (), q)], {"block_size": b}))
    for form, turn in forms_of("MATRIX_DIAG", ALL + PACKED + QUANTIZED, rng):
        case, x, q, kind = moved("MATRIX_DIAG", form, turn, rng, shape(rng, int(rng.integers(1, 4))))
        case.run([x], [result(case, kind, (), q)])
        table = case.main.tensors[x].data
        yield finish(case if diagonal(kind) else by_numpy(case, lambda *feed, t=table: (
            lambda v: v[..., None] * np.eye(v.shape[-1], dtype=v.dtype))(t if t is not None else feed[0])))
    for form, turn in forms_of("MATRIX_SET_DIAG", ALL + PACKED + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(2, 5)))
        case, x, q, kind = moved("MATRIX_SET_DIAG", form, turn, rng, dims)
        d = operand(case, kind, values(rng, kind, (*dims[:-2], min(dims[-2:]))), q)
        case.run([x, d], [result(case, kind, (), q)])
        held = [case.main.tensors[i].data for i in (x, d)]
        yield finish(case if diagonal(kind) else by_numpy(case, lambda *feed, h=held: with_diagonal(
            *(h if h[0] is not None else feed))))
    for form, turn in forms_of("DILATE", ALL + PACKED + QUANTIZED, rng):
        dims = shape(rng, int(rng.integers(1, 5)), 1, 3)
        case, x, q, kind = moved("DILATE", form, turn, rng, dims)
        steps, fill = rng.integers(1, 4, len(dims)), values(rng, kind, ())
        case.run([x, case.const("int32", steps), operand(case, kind, fill, q)], [result(case, kind, (), q)])
        table = case.main.tensors[x].data
        yield finish(case if form not in PACKED.split() else by_numpy(
            case, lambda *_, t=table, k=steps, f=fill: dilated(t, k, f)))
