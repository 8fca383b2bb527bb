# build_tflite.py: writes small .tflite files for the tests: a flatbuffer writer and the graphs they use.
# SPDX-License-Identifier: Apache-2.0
"""A table is a list of (slot, kind, value); kinds are struct codes, "table", "text", "bytes", "tables", "texts" and
"[code" for vectors of numbers."""
import struct

import numpy as np

ADD, FULLY_CONNECTED, MUL, GATHER = 0, 9, 18, 36
FLOAT32, INT8, INT4 = 0, 9, 17
TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "string": 5, "bool": 6, "int16": 7,
         "int8": 9, "float64": 10, "int4": 17}
OPTIONS = {ADD: 11, FULLY_CONNECTED: 8, MUL: 21}


class Writer:
    """Writes front to back: a table first, what it points to afterwards."""

    def __init__(self):
        self.out = bytearray(8)

    def align(self, size, extra=0):
        while (len(self.out) + extra) % size:
            self.out.append(0)

    def point(self, at):
        """Makes the offset at `at` point to the end of what is written."""
        struct.pack_into("<I", self.out, at, len(self.out) - at)

    def table(self, fields):
        slots = 1 + max((slot for slot, _, _ in fields), default=-1)
        self.align(8)
        vtable = len(self.out)
        self.out += bytes(4 + 2 * slots)
        self.align(8, 4)  # fields begin 4 bytes into the table and are sorted by size
        start = len(self.out)
        self.out += struct.pack("<i", start - vtable)
        later = []
        for slot, kind, value in sorted(fields, key=lambda f: -struct.calcsize(f[1]) if len(f[1]) == 1 else -4):
            code = kind if len(kind) == 1 else "I"
            self.align(struct.calcsize(code))
            struct.pack_into("<H", self.out, vtable + 4 + 2 * slot, len(self.out) - start)
            if len(kind) > 1:
                later.append((len(self.out), kind, value))
            self.out += struct.pack("<" + code, value if len(kind) == 1 else 0)
        struct.pack_into("<HH", self.out, vtable, 4 + 2 * slots, len(self.out) - start)
        for at, kind, value in later:
            self.child(at, kind, value)
        return start

    def child(self, at, kind, value):
        if kind == "table":
            self.align(8)
            struct.pack_into("<I", self.out, at, self.table(value) - at)
        elif kind == "text":
            self.align(4)
            self.point(at)
            self.out += struct.pack("<I", len(value)) + value.encode() + b"\0"
        elif kind in ("tables", "texts"):
            self.align(4)
            self.point(at)
            first = len(self.out) + 4
            self.out += struct.pack("<I", len(value)) + bytes(4 * len(value))
            for number, entry in enumerate(value):
                self.child(first + 4 * number, kind[:-1], entry)
        elif kind == "bytes":
            self.align(16, 4)
            self.point(at)
            self.out += struct.pack("<I", len(value)) + value
        else:
            self.align(max(struct.calcsize(kind[1]), 4), 4)
            self.point(at)
            self.out += struct.pack(f"<I{len(value)}{kind[1]}" if kind[1] != "q" else "<I", len(value), *(
                value if kind[1] != "q" else ()))
            if kind[1] == "q":
                self.out += struct.pack(f"<{len(value)}q", *value)


class Graph:
    """One subgraph being put together; tensors and nodes are numbered in the order they are added."""

    def __init__(self, name="main"):
        self.name, self.tensors, self.nodes = name, [], []
        self.inputs, self.outputs = [], []

    def tensor(self, name, shape, kind="float32", data=None, signature=None, scale=None, zero_point=None, axis=0,
               variable=False):
        self.tensors.append(dict(name=name, shape=shape, kind=kind, data=data, signature=signature, scale=scale,
                                 zero_point=zero_point, axis=axis, variable=variable))
        return len(self.tensors) - 1

    def node(self, code, inputs, outputs, options=()):
        self.nodes.append((code, inputs, outputs, list(options)))


def quantization(tensor):
    if tensor["scale"] is None:
        return []
    fields = [(2, "[f", np.atleast_1d(tensor["scale"]).tolist()),
              (3, "[q", np.atleast_1d(tensor["zero_point"]).tolist())]
    return [(4, "table", fields + ([(6, "i", tensor["axis"])] if tensor["axis"] else []))]


def build(graphs, signatures=(), description=""):
    """The bytes of a model. `signatures`: (key, {name: tensor}, {name: tensor}, subgraph)."""
    codes = sorted({node[0] for graph in graphs for node in graph.nodes}, key=str)
    buffers = [[]]
    subgraphs = []
    for graph in graphs:
        tensors = []
        for tensor in graph.tensors:
            fields = [(0, "[i", list(tensor["shape"])), (1, "b", TYPES[tensor["kind"]]), (3, "text", tensor["name"])]
            if tensor["data"] is not None:
                data = tensor["data"]
                buffers.append([(0, "bytes", data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes())])
                fields.append((2, "I", len(buffers) - 1))
            if tensor["variable"]:
                fields.append((5, "?", True))
            if tensor["signature"] is not None:
                fields.append((7, "[i", list(tensor["signature"])))
            tensors.append(fields + quantization(tensor))
        nodes = [[(0, "I", codes.index(code)), (1, "[i", inputs), (2, "[i", outputs)] +
                 ([(3, "B", OPTIONS[code]), (4, "table", options)] if code in OPTIONS else []) +
                 ([(5, "bytes", bytes(options))] if isinstance(code, str) and options else [])
                 for code, inputs, outputs, options in graph.nodes]
        subgraphs.append([(0, "tables", tensors), (1, "[i", graph.inputs), (2, "[i", graph.outputs),
                          (3, "tables", nodes), (4, "text", graph.name)])
    operators = [[(0, "b", 32), (1, "text", code), (2, "i", 1), (3, "i", 32)] if isinstance(code, str) else
                 [(0, "b", code), (2, "i", 1), (3, "i", code)] for code in codes]
    maps = [[[[(0, "text", name), (1, "I", tensor)] for name, tensor in ends.items()] for ends in entry[1:3]]
            for entry in signatures]
    entries = [[(0, "tables", ins), (1, "tables", outs), (2, "text", entry[0]), (4, "I", entry[3])]
               for entry, (ins, outs) in zip(signatures, maps)]
    writer = Writer()
    root = writer.table([(0, "I", 3), (1, "tables", operators), (2, "tables", subgraphs), (3, "text", description),
                         (4, "tables", buffers)] + ([(7, "tables", entries)] if entries else []))
    struct.pack_into("<I4s", writer.out, 0, root, b"TFL3")
    return bytes(writer.out)


def binary(code, shape=(1, 4), signature=None, constant=None):
    """One ADD or MUL: x and y (or a constant) -> z."""
    graph = Graph()
    x = graph.tensor("x", shape, signature=signature)
    y = graph.tensor("y", shape if constant is None else constant.shape, data=constant, signature=None if
                     constant is not None else signature)
    z = graph.tensor("z", shape, signature=signature)
    graph.node(code, [x, y], [z])
    graph.inputs, graph.outputs = [x] if constant is not None else [x, y], [z]
    return graph


def add_model():
    """x + y, shape [1, 4], no signature."""
    return build([binary(ADD)], description="adds two arrays")


def dynamic_model():
    """x * 3, the first dimension open."""
    return build([binary(MUL, (1, 4), (-1, 4), np.full((4,), 3, np.float32))])


def fixed_model():
    """x * 3 + 1 with an intermediate tensor, shape [2, 3] fixed."""
    graph = binary(MUL, (2, 3), constant=np.full((3,), 3, np.float32))
    one, out = graph.tensor("one", (3,), data=np.ones(3, np.float32)), graph.tensor("out", (2, 3))
    graph.node(ADD, [2, one], [out])
    graph.outputs = [out]
    return build([graph])


def two_signature_model():
    """Signature "sum": (a, b) -> total; signature "product": (a, b) -> result; a subgraph each."""
    return build([binary(ADD), binary(MUL)], [
        ("sum", {"a": 0, "b": 1}, {"total": 2}, 0), ("product", {"a": 0, "b": 1}, {"result": 2}, 1)])


WEIGHTS = np.array([[1, -2, 3, -4], [7, -8, 0, 5], [-1, 2, -3, 4]], np.int8)


def pack_int4(values):
    flat = np.asarray(values, np.int8).ravel().astype(np.uint8) & 15
    flat = np.append(flat, np.zeros(flat.size % 2, np.uint8))
    return (flat[0::2] | flat[1::2] << 4).tobytes()


def int4_model():
    """A fully connected layer with int4 weights, one scale per row: x [1, 4] -> y [1, 3]."""
    graph = Graph()
    x = graph.tensor("x", (1, 4))
    w = graph.tensor("w", WEIGHTS.shape, "int4", pack_int4(WEIGHTS), scale=[0.5, 0.25, 0.125], zero_point=[0, 0, 0])
    b = graph.tensor("b", (3,), data=np.array([1, 2, 3], np.float32))
    y = graph.tensor("y", (1, 3))
    graph.node(FULLY_CONNECTED, [x, w, b], [y])
    graph.inputs, graph.outputs = [x], [y]
    return build([graph])


def quantized_model():
    """int8 ADD with scales: x [1, 4] + y [1, 4] -> z."""
    graph = Graph()
    for name, scale, zero_point in (("x", 0.5, 3), ("y", 0.25, -1), ("z", 0.5, 0)):
        graph.tensor(name, (1, 4), "int8", scale=scale, zero_point=zero_point)
    graph.node(ADD, [0, 1], [2])
    graph.inputs, graph.outputs = [0, 1], [2]
    return build([graph])


def custom_model():
    """A custom operator that nobody has."""
    graph = Graph()
    x, y = graph.tensor("x", (1, 4)), graph.tensor("y", (1, 4))
    graph.node("NobodyHasThis", [x], [y])
    graph.inputs, graph.outputs = [x], [y]
    return build([graph])


def gain_model():
    """y = 2.5 x by a custom operator "Gain"; examples have implementations."""
    graph = Graph()
    x, y = graph.tensor("x", (1, 4)), graph.tensor("y", (1, 4))
    graph.node("Gain", [x], [y], struct.pack("<f", 2.5))
    graph.inputs, graph.outputs = [x], [y]
    return build([graph])


def mixed_model():
    """A custom operator "Mixed": x [2, 3], int8 w [3] (constant, scale 0.5) -> int8 [2, 3], strings, float32 [2, 3]."""
    graph = Graph()
    x = graph.tensor("x", (2, 3))
    w = graph.tensor("w", (3,), "int8", np.array([1, -2, 3], np.int8), scale=[0.5], zero_point=[1])
    outs = [graph.tensor("q", (2, 3), "int8", scale=[0.25], zero_point=[0]), graph.tensor("s", (1,), "string"),
            graph.tensor("late", (2, 3))]
    graph.node("Mixed", [x, w], outs)
    graph.inputs, graph.outputs = [x], outs
    return build([graph])


def counting_model():
    """A language model without cache: token_ids, padding_mask [1, 8] -> logits [1, 8, 16]; after token i comes i + 1."""
    graph = Graph()
    tokens = graph.tensor("serving_default_token_ids:0", (1, 8), "int32")
    mask = graph.tensor("serving_default_padding_mask:0", (1, 8), "int32")
    table = graph.tensor("table", (16, 16), data=np.roll(np.eye(16, dtype=np.float32), 1, axis=1))
    logits = graph.tensor("logits", (1, 8, 16))
    graph.node(GATHER, [table, tokens], [logits])
    graph.inputs, graph.outputs = [tokens, mask], [logits]
    return build([graph])


def text_model():
    """Passes strings on: an input that is also the output, shape [2]."""
    graph = Graph()
    x = graph.tensor("x", (2,), "string")
    graph.inputs, graph.outputs = [x], [x]
    return build([graph])


MODELS = {"add": add_model, "dynamic": dynamic_model, "fixed": fixed_model, "signatures": two_signature_model,
          "int4": int4_model, "quantized": quantized_model, "custom": custom_model, "text": text_model,
          "gain": gain_model, "mixed": mixed_model, "counting": counting_model}
