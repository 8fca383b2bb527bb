# op_model.py: small models of the operator tests: built in a few lines, written as .tflite bytes and as rows of text.
# SPDX-License-Identifier: Apache-2.0
"""A Case is a model, what is fed to it run by run, and how exact its results must be. Arrays of types that numpy lacks
hold the values (int4, uint4, int2) or the bits (bfloat16 as uint16, float8 as uint8)."""
import re
import struct
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/python"))

from build_tflite import Writer  # noqa: E402

TYPES = {"float32": (0, "f4"), "float16": (1, "f2"), "int32": (2, "i4"), "uint8": (3, "u1"), "int64": (4, "i8"),
         "string": (5, "O"), "bool": (6, "?"), "int16": (7, "i2"), "complex64": (8, "c8"), "int8": (9, "i1"),
         "float64": (10, "f8"), "complex128": (11, "c16"), "uint64": (12, "u8"), "resource": (13, "i4"),
         "uint32": (15, "u4"), "uint16": (16, "u2"), "int4": (17, "i1"), "bfloat16": (18, "u2"), "int2": (19, "i1"),
         "uint4": (20, "u1"), "float8_e4m3fn": (21, "u1"), "float8_e5m2": (22, "u1")}
SUB_BYTE = {"int4": 4, "uint4": 4, "int2": 2}
KINDS = {"BOOL": "?", "I8": "b", "U8": "B", "I32": "i", "U32": "I", "I64": "q", "F32": "f", "STR": "text",
         "VEC_U8": "bytes", "VEC_BOOL": "[?", "VEC_I32": "[i", "VEC_U32": "[I", "VEC_I64": "[q", "VEC_F32": "[f"}


def _read_tables():
    """What the library's tables say: {OP: (code, min, max, table)}, {table: (...)}, operators not implemented."""
    def text(name):
        return re.sub(r"/\*.*?\*/", "", (ROOT / "src/opset" / name).read_text(), flags=re.S)
    rows = re.findall(r"^OP\((\w+), (\d+), (\d+), (\d+), (\w+), (\w+)\)", text("ops.def"), re.M)
    operators = {name: (int(code), int(low), int(high), table) for name, code, low, high, table, _ in rows}
    missing = {name for name, *_, implementation in rows if implementation == "none"}
    tables = {name: (int(union), int(member), {}) for name, union, member in
              re.findall(r"^(?:OPTIONS|EMPTY)\((\w+), \w+, (\d), (\d+)\)", text("options.def"), re.M)}
    for table, field, slot, kind, default in re.findall(r"^FIELD\((\w+), (\w+), (\d+), (\w+), (-?\d+)\)",
                                                       text("options.def"), re.M):
        tables[table][2][field] = (int(slot), kind, int(default))
    return operators, tables, missing


OPERATORS, TABLES, MISSING = _read_tables()


def array(kind, values, shape=None):
    """Values as an array of a type's storage."""
    out = np.array(values, dtype=TYPES[kind][1])
    return out if shape is None else out.reshape(shape)


def to_bfloat16(values):
    """float32 values to the nearest bfloat16 bits (ties to even)."""
    bits = np.ascontiguousarray(values, "f4").view("u4").astype("u8")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("u2")


def from_bfloat16(bits):
    return (np.asarray(bits).astype("u4") << 16).view("f4")


def packed(kind, values):
    """The bytes of a constant tensor."""
    if kind == "string":
        texts = [t if isinstance(t, bytes) else t.encode() for t in np.ravel(values)]
        ends = np.cumsum([4 * len(texts) + 8] + [len(t) for t in texts])
        return struct.pack(f"<{len(texts) + 2}i", len(texts), *ends) + b"".join(texts)
    if kind not in SUB_BYTE:
        return np.ascontiguousarray(values, TYPES[kind][1]).tobytes()
    bits = SUB_BYTE[kind]
    per = 8 // bits
    flat = np.ravel(values).astype("i2") & ((1 << bits) - 1)
    flat = np.append(flat, np.zeros(-flat.size % per, "i2")).reshape(-1, per)
    return bytes(int(sum(int(v) << (bits * i) for i, v in enumerate(row))) for row in flat)


class Tensor:
    """`quant`: None, (scale, zero point), (scales, zero points, axis) or ("block", scales tensor, zero points tensor,
    block size). `sparse`: (traversal order, block map, [dense size | (segments, indices)])."""

    def __init__(self, kind, shape, data=None, quant=None, variable=False, signature=None, sparse=None):
        self.kind, self.shape, self.data, self.quant = kind, tuple(int(d) for d in shape), data, quant
        self.variable, self.signature, self.sparse = variable, signature, sparse

    def quantization(self):
        q = self.quant
        if q is None:
            return []
        if isinstance(q[0], str):
            block = [(0, "i", q[1]), (1, "i", q[2]), (2, "i", q[3])]
            return [(4, "table", [(4, "B", 2), (5, "table", block)])]
        fields = [(2, "[f", np.atleast_1d(q[0]).tolist()), (3, "[q", np.atleast_1d(q[1]).tolist())]
        return [(4, "table", fields + ([(6, "i", q[2])] if len(q) > 2 and q[2] else []))]

    def sparsity(self):
        if self.sparse is None:
            return []
        order, blocks, dims = self.sparse
        rows = []
        for d in dims:
            if isinstance(d, int):
                rows.append([(0, "b", 0), (1, "i", d)])
            else:
                rows.append([(0, "b", 1), (2, "B", 1), (3, "table", [(0, "[i", list(d[0]))]),
                             (4, "B", 1), (5, "table", [(0, "[i", list(d[1]))])])
        return [(6, "table", [(0, "[i", order)] + ([(1, "[i", blocks)] if blocks else []) + [(2, "tables", rows)])]


class Node:
    def __init__(self, op, version, inputs, outputs, options=None, custom=None, intermediates=()):
        self.op, self.version, self.inputs, self.outputs = op, version, list(inputs), list(outputs)
        self.options, self.custom, self.intermediates = options, custom, list(intermediates)

    @property
    def is_custom(self):
        return self.op not in OPERATORS

    def fields(self, code):
        found = [(0, "I", code), (1, "[i", self.inputs), (2, "[i", self.outputs)]
        if self.intermediates:
            found.append((8, "[i", self.intermediates))
        if self.is_custom:
            return found + ([(5, "bytes", self.custom)] if self.custom else [])
        table = OPERATORS[self.op][3]
        if table == "none" or self.options is None:
            return found
        union, member, known = TABLES[table]
        options = [(known[name][0], KINDS[known[name][1]], value) for name, value in self.options.items()]
        first = 3 if union == 1 else 11
        return found + [(first, "B", member), (first + 1, "table", options)]


class Graph:
    def __init__(self):
        self.tensors, self.nodes, self.inputs, self.outputs = [], [], [], []

    def add(self, *args, **named):
        self.tensors.append(Tensor(*args, **named))
        return len(self.tensors) - 1

    def node(self, *args, **named):
        self.nodes.append(Node(*args, **named))


class Case:
    """Built by adding operands, then the operator, then results; `feeds` is a list of runs, each a list of arrays.

    ref and fast say how far results may be from the golden ones: "0" (equal), "1" (units in the last place of an
    integer), or a fraction of the largest magnitude, for floats. `form` names the operand types this case proves."""

    def __init__(self, op, version, form, ref=None, fast=None):
        self.op, self.version, self.form, self.ref, self.fast = op, version, form, ref, fast
        self.graphs = [Graph()]
        self.feeds = [[]]
        self.oracle = None      # function of the feeds of one run -> results, where the peer is no judge
        self.trust = None       # resolvers that are believed: None = any two that agree
        self.wants = None       # goldens: a list of runs, each a list of (kind, array)
        self.source = None      # who made them
        self.rescale = False    # fast mode may round otherwise
        self.tag = ""           # what this case shows besides its form: kept apart in row files

    @property
    def main(self):
        return self.graphs[0]

    def input(self, kind, values, quant=None, signature=None, feed=True):
        values = array(kind, values) if kind != "string" else np.array(values, object)
        index = self.main.add(kind, values.shape, quant=quant, signature=signature)
        self.main.inputs.append(index)
        if feed:
            self.feeds[0].append(values)
        return index

    def const(self, kind, values, quant=None, sparse=None, shape=None):
        values = array(kind, values) if kind != "string" else np.array(values, object)
        return self.main.add(kind, values.shape if shape is None else shape, data=values, quant=quant, sparse=sparse)

    def variable(self, kind, shape, quant=None):
        return self.main.add(kind, shape, quant=quant, variable=True)

    def tensor(self, kind, shape=(), quant=None):
        return self.main.add(kind, shape, quant=quant)

    def output(self, kind, shape=(), quant=None):
        index = self.main.add(kind, shape, quant=quant)
        self.main.outputs.append(index)
        return index

    def run(self, inputs, outputs, options=None, **named):
        """The operator itself; further nodes go through `node`."""
        self.main.node(self.op, self.version, inputs, outputs, options, **named)
        return self

    def node(self, op, inputs, outputs, options=None, version=None, **named):
        low = OPERATORS[op][1] if op in OPERATORS else 1
        self.main.node(op, low if version is None else version, inputs, outputs, options, **named)

    def again(self, *values):
        """One more run with other inputs."""
        kinds = [self.main.tensors[i].kind for i in self.main.inputs]
        self.feeds.append([array(k, v) for k, v in zip(kinds, values)])

    def bytes(self):
        return write(self.graphs)


def write(graphs):
    """The model as .tflite bytes."""
    codes, buffers, subgraphs = [], [[]], []
    for graph in graphs:
        tensors = []
        for number, t in enumerate(graph.tensors):
            fields = [(0, "[i", list(t.shape)), (1, "b", TYPES[t.kind][0]), (3, "text", f"t{number}")]
            if t.data is not None:
                buffers.append([(0, "bytes", packed(t.kind, t.data))])
                fields.append((2, "I", len(buffers) - 1))
            if t.variable:
                fields.append((5, "?", True))
            if t.signature is not None:
                fields.append((7, "[i", list(t.signature)))
            if not t.shape:
                fields.append((8, "?", True))
            tensors.append(fields + t.quantization() + t.sparsity())
        nodes = []
        for n in graph.nodes:
            key = (n.op, n.version)
            if key not in codes:
                codes.append(key)
            nodes.append(n.fields(codes.index(key)))
        subgraphs.append([(0, "tables", tensors), (1, "[i", graph.inputs), (2, "[i", graph.outputs),
                          (3, "tables", nodes), (4, "text", f"g{len(subgraphs)}")])
    rows = []
    for op, version in codes:
        code = OPERATORS[op][0] if op in OPERATORS else 32
        name = [] if op in OPERATORS else [(1, "text", op)]
        rows.append([(0, "b", min(code, 127))] + name + [(2, "i", version), (3, "i", code)])
    writer = Writer()
    root = writer.table([(0, "I", 3), (1, "tables", rows), (2, "tables", subgraphs), (3, "text", "an operator"),
                         (4, "tables", buffers)])
    struct.pack_into("<I4s", writer.out, 0, root, b"TFL3")
    return bytes(writer.out)


def _number(kind, value):
    if kind == "bfloat16":
        value = from_bfloat16(np.array([value], "u2"))[0]
    if isinstance(value, (np.floating, float)):
        text = str(value)  # the shortest that reads back
        return text[:-2] if text.endswith(".0") else text
    return str(int(value))


def _words(kind, values):
    """Elements as words; a word*n stands for n equal ones."""
    flat = np.ravel(values)
    if kind == "string":
        return " ".join('"' + "".join(chr(b) if 32 < b < 127 and b not in b'"\\*' else f"\\{b:02x}" for b in
                                      (t if isinstance(t, bytes) else t.encode())) + '"' for t in flat)
    if kind in ("complex64", "complex128"):
        flat = np.stack([flat.real, flat.imag], -1).ravel()
    words = [_number(kind, v) for v in flat]
    out, i = [], 0
    while i < len(words):
        n = 1
        while i + n < len(words) and words[i + n] == words[i]:
            n += 1
        out += [f"{words[i]}*{n}"] if n > 2 else [words[i]] * n
        i += n
    return " ".join(out)


def _dims(shape):
    return ",".join(str(d) for d in shape) or "-"


def _list(values):
    return ",".join(_number("", v) if isinstance(v, (float, np.floating)) else str(int(v)) for v in values) or "-"


def _tensor_line(t):
    line = f"tensor {t.kind} {_dims(t.shape)}"
    if t.quant is not None and isinstance(t.quant[0], str):
        line += " block=" + ":".join(str(v) for v in t.quant[1:])
    elif t.quant is not None:
        scales = _list(np.float32(np.atleast_1d(t.quant[0])))
        line += f" quant={scales}:{_list(np.atleast_1d(t.quant[1]))}:{t.quant[2] if len(t.quant) > 2 else 0}"
    if t.variable:
        line += " variable"
    if t.signature is not None:
        line += f" signature={_list(t.signature)}"
    if t.sparse is not None:
        order, blocks, dims = t.sparse
        line += f" sparse={_list(order)}:{_list(blocks)}:" + ":".join(
            str(d) if isinstance(d, int) else f"{_list(d[0])}/{_list(d[1])}" for d in dims)
    if t.data is not None:
        line += " = " + _words(t.kind, t.data)
    return line.rstrip()


def _option(value):
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple, np.ndarray)):
        return _list(value)
    return _number("", np.float32(value)) if isinstance(value, float) else str(int(value))


def _node_line(n):
    line = f"node {n.op} {n.version} {_list(n.inputs)} {_list(n.outputs)}"
    if n.intermediates:
        line += f" intermediates={_list(n.intermediates)}"
    if n.custom:
        line += f" custom={n.custom.hex()}"
    for name, value in (n.options or {}).items():
        line += f" {name}={_option(value)}"
    return line


def text(case, name):
    """The case as lines of a row file; its goldens must be there."""
    lines = [f"case {name} {case.op} {case.version} {case.form} {case.ref} {case.fast} {case.source}"]
    for graph in case.graphs:
        lines += [_tensor_line(t) for t in graph.tensors]
        lines += [_node_line(n) for n in graph.nodes]
        lines.append(f"graph {_list(graph.inputs)} {_list(graph.outputs)}")
    kinds = [case.main.tensors[i].kind for i in case.main.inputs]
    for feed, want in zip(case.feeds, case.wants):
        lines += [f"in {_dims(v.shape)} = {_words(k, v)}".rstrip() for k, v in zip(kinds, feed)]
        lines.append("run")
        lines += [f"out {k} {_dims(v.shape)} = {_words(k, v)}".rstrip() for k, v in want]
    return "\n".join(lines) + "\n"
