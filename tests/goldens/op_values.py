# op_values.py: seeded values, shapes and quantization for the operator tests, and the register of families.
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from op_model import OPERATORS, TYPES, Case, array, to_bfloat16

FLOATS = ("float32", "float16", "bfloat16", "float64")
BITS = {"int8": 8, "uint8": 8, "int16": 16, "uint16": 16, "int32": 32, "uint32": 32, "int64": 64, "uint64": 64,
        "int4": 4, "uint4": 4, "int2": 2}
# Kinds that the peer neither takes nor shows: they are cast on the way in and out.
BY_CAST = ("bfloat16",)
FAMILIES = []


def family(*ops):
    """Registers a generator of cases: a function of a numpy random generator."""
    def register(function):
        FAMILIES.append((ops, function))
        return function
    return register


def span(kind):
    """Smallest and largest value of an integer type."""
    bits = BITS[kind]
    return (0, (1 << bits) - 1) if kind.startswith("u") else (-(1 << bits - 1), (1 << bits - 1) - 1)


def floats(rng, shape, low=-4.0, high=4.0, digits=2):
    return np.round(rng.uniform(low, high, shape), digits).astype("f4")


def values(rng, kind, shape, low=None, high=None, full=False):
    """Random values of a type; integers small unless `full`."""
    if kind == "bool":
        return rng.integers(0, 2, shape).astype("?")
    if kind == "string":
        words = [b"", b"a", b"two words", b"\xc3\xa9", b"litert", b"x" * 20]
        return np.array([words[i] for i in np.ravel(rng.integers(0, len(words), shape))], object).reshape(shape)
    if kind.startswith("complex"):
        return (floats(rng, shape) + 1j * floats(rng, shape)).astype(TYPES[kind][1])
    if kind in BITS:
        least, most = span(kind)
        if not full:
            least, most = max(least, -20 if low is None else low), min(most, 20 if high is None else high)
        return rng.integers(least, most, shape, endpoint=True, dtype="i8" if kind != "uint64" else "u8").astype(
            TYPES[kind][1])
    made = floats(rng, shape, -4 if low is None else low, 4 if high is None else high)
    if kind == "bfloat16":
        return to_bfloat16(made).reshape(shape)
    if kind.startswith("float8"):
        return rng.integers(0, 0x70, shape).astype("u1")
    return made.astype(TYPES[kind][1])


def quant(rng, kind, low=0.01, high=0.2):
    """(scale, zero point) of a quantized tensor; 16 bits and more are symmetric."""
    scale = float(np.float32(np.round(rng.uniform(low, high), 4)))
    if kind in ("int16", "int32", "int64"):
        return scale / 200 if kind == "int16" else scale, 0
    least, most = span(kind)
    if kind in ("int4", "int2", "uint4"):
        return scale, 0
    third = (most - least) // 3
    return scale, int(rng.integers(least + third, most - third))


def channel_quant(rng, count, axis, low=0.005, high=0.05):
    return np.round(rng.uniform(low, high, count), 4).astype("f4"), np.zeros(count, "i8"), axis


def split_form(form):
    """"int8q" -> ("int8", True)."""
    return (form[:-1], True) if form.endswith("q") and form[:-1] in TYPES else (form, False)


def shape(rng, rank, low=1, high=4):
    return tuple(int(d) for d in rng.integers(low, high, rank, endpoint=True))


def broadcast_pair(rng, rank):
    """Two shapes that broadcast against each other."""
    full = shape(rng, rank, 1, 3 if rank > 4 else 4)
    one = [d if rng.random() < 0.7 else 1 for d in full]
    other = [d if o != d or rng.random() < 0.7 else 1 for d, o in zip(full, one)]
    for i, (a, b) in enumerate(zip(one, other)):
        if max(a, b) != full[i]:
            one[i] = full[i]
    cut = int(rng.integers(0, rank)) if rng.random() < 0.4 else 0
    other = other[cut:]
    return (tuple(one), tuple(other)) if rng.random() < 0.5 else (tuple(other), tuple(one))


def version(op, turn):
    """Versions in turn, so that a family meets all of them."""
    _, low, high, _ = OPERATORS[op]
    return low + turn % (high - low + 1)


def start(op, turn, form, rescale=False, ref=None, fast=None):
    """A case with the usual exactness: integers exact, one unit where fast mode rescales; floats nearly."""
    case = Case(op, version(op, turn), form)
    case.rescale = rescale
    case.ref, case.fast = ref, fast
    return case


def operand(case, kind, made, quantized=None, constant=False):
    """An operand of any type: an input, a constant, or an input that is cast to a type that the peer does not take."""
    if constant:
        return case.const(kind, made, quantized)
    if kind == "bfloat16":
        from op_model import from_bfloat16
        source = case.input("float32", from_bfloat16(np.ravel(made)).reshape(np.shape(made)))
    elif kind in ("int4", "int2", "uint4") and kind in BITS:
        return case.const(kind, made, quantized)
    elif kind.startswith("float8"):
        return case.const(kind, made)
    else:
        return case.input(kind, made, quantized)
    inner = case.tensor(kind, np.shape(made))
    case.node("CAST", [source], [inner], {"in_data_type": 0, "out_data_type": TYPES[kind][0]}, version=9)
    return inner


def result(case, kind, dims=(), quantized=None):
    """A result of any type; `finish` casts those that the peer does not show."""
    if kind in BY_CAST:
        case.pending = getattr(case, "pending", []) + [(case.tensor(kind, dims), kind, dims)]
        return case.pending[-1][0]
    return case.output(kind, dims, quantized)


def finish(case):
    """Casts results to what the peer shows, and settles how exact they must be."""
    for inner, kind, dims in getattr(case, "pending", ()):
        outer = case.output("float32", dims)
        case.node("CAST", [inner], [outer], {"in_data_type": TYPES[kind][0], "out_data_type": 0}, version=9)
    kinds = [case.main.tensors[i].kind for i in case.main.outputs]
    is_float = any(k in FLOATS or k.startswith("complex") for k in kinds)
    kinds_of = {t.kind for t in case.main.tensors}
    half = "bfloat16" if "bfloat16" in kinds_of else "float16" if "float16" in kinds_of else ""
    case.ref = case.ref or (({"": "1e-5", "float16": "1e-3", "bfloat16": "8e-3"}[half]) if is_float else "0")
    case.fast = case.fast or (({"": "5e-5", "float16": "2e-3", "bfloat16": "8e-3"}[half]) if is_float else "1" if case.rescale else "0")
    return case


def specials(kind):
    """The values at which conventions matter."""
    if kind in FLOATS:
        made = np.array([0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, 100],
                        "f4")
        if kind == "float16":
            made[12:15] = (60000, -60000, 6e-5)
        return to_bfloat16(made) if kind == "bfloat16" else array(kind, made)
    least, most = span(kind)
    return array(kind, [least, least + 1, -1 if least else 0, 0, 1, most - 1, most])
