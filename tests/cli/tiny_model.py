# tiny_model.py: writes small .tflite files for the tests of the command, with the standard library only.
# SPDX-License-Identifier: Apache-2.0
"""A flatbuffer is written front to back: a table with its vtable before it, what it refers to behind it."""
import io
import struct
import zipfile

FLOAT32, INT32, STRING, BOOL, INT8 = 0, 2, 5, 6, 9
ADD, CONCATENATION, MUL, RELU, RESHAPE, CUSTOM, IF = 0, 2, 18, 19, 22, 32, 118


class Table(dict):
    """{slot: value}: ('u8' | 'i8' | 'i32' | 'u32' | 'f32', number), text, bytes, Table, list of Tables, ints or floats."""


class Writer:
    FORMATS = {"u8": "<B", "i8": "<b", "i32": "<i", "u32": "<I", "f32": "<f"}

    def __init__(self):
        self.out = bytearray()
        self.waiting = []  # (place of a reference, value it refers to)

    def align(self, size, ahead=0):
        while (len(self.out) + ahead) % size:
            self.out.append(0)

    def table(self, table):
        slots = max(table, default=-1) + 1
        fields, at = {}, 4
        for slot, value in sorted(table.items()):
            fields[slot] = at
            at += 4
        vtable = struct.pack("<HH", 4 + 2 * slots, at)
        vtable += b"".join(struct.pack("<H", fields.get(slot, 0)) for slot in range(slots))
        self.align(4, len(vtable))
        self.out += vtable
        start = len(self.out)
        self.out += struct.pack("<i", len(vtable)) + bytes(at - 4)
        for slot, value in table.items():
            place = start + fields[slot]
            if isinstance(value, tuple):
                struct.pack_into(self.FORMATS[value[0]], self.out, place, value[1])
            else:
                self.waiting.append((place, value))
        return start

    def value(self, value):
        if isinstance(value, Table):
            return self.table(value)
        self.align(16, 4)
        start = len(self.out)
        if isinstance(value, str):
            data = value.encode()
            self.out += struct.pack("<I", len(data)) + data + b"\0"
        elif isinstance(value, bytes):
            self.out += struct.pack("<I", len(value)) + value
        elif isinstance(value, Longs):
            self.align(8, 4)
            start = len(self.out)
            self.out += struct.pack(f"<I{len(value)}q", len(value), *value)
        else:
            self.out += struct.pack("<I", len(value))
            for item in value:
                if isinstance(item, Table):
                    self.waiting.append((len(self.out), item))
                    self.out += bytes(4)
                else:
                    self.out += struct.pack("<f" if isinstance(item, float) else "<i", item)
        return start

    def finish(self, root, identifier=b"TFL3"):
        self.out += bytes(4) + identifier
        self.waiting.append((0, root))
        while self.waiting:
            place, value = self.waiting.pop(0)
            struct.pack_into("<I", self.out, place, self.value(value) - place)
        return bytes(self.out)


def tensor(name, shape, kind=FLOAT32, buffer=0, scale=None, zero_point=0, signature=None):
    fields = Table({0: shape, 1: ("i8", kind), 2: ("u32", buffer), 3: name})
    if scale is not None:
        fields[4] = Table({2: [float(scale)], 3: Longs([zero_point])})
    if signature is not None:
        fields[7] = signature
    return fields


class Longs(list):
    """A vector of 64-bit integers."""


def code(number, custom=None, version=1):
    fields = Table({0: ("i8", min(number, 127)), 2: ("i32", version), 3: ("i32", number)})
    if custom is not None:
        fields[1] = custom
    return fields


def node(opcode, inputs, outputs, options=None, custom=None):
    fields = Table({0: ("u32", opcode), 1: inputs, 2: outputs})
    if custom is not None:
        fields[5] = custom
    if options is not None:
        fields[3], fields[4] = ("u8", options[0]), options[1]
    return fields


def model(tensors, nodes, codes, inputs, outputs, buffers=(), signature=None, metadata=(), more=()):
    """Bytes of a .tflite file with one subgraph, and `more` of them. signature: (key, {name: tensor}, {name: tensor});
    metadata: [(name, bytes)]."""
    all_buffers = [Table()] + [Table({0: data}) for data in buffers]
    fields = Table({0: ("u32", 3), 1: codes, 2: [Table({0: tensors, 1: inputs, 2: outputs, 3: nodes, 4: "main"}), *more],
                    3: "made by tiny_model.py"})
    if signature is not None:
        key, ins, outs = signature
        maps = [[Table({0: name, 1: ("u32", index)}) for name, index in part.items()] for part in (ins, outs)]
        fields[7] = [Table({0: maps[0], 1: maps[1], 2: key, 4: ("u32", 0)})]
    if metadata:
        fields[6] = [Table({0: name, 1: ("u32", len(all_buffers) + i)}) for i, (name, _) in enumerate(metadata)]
        all_buffers += [Table({0: data}) for _, data in metadata]
    fields[4] = all_buffers
    return Writer().finish(fields)


def relu(shape=(1, 4), kind=FLOAT32, signature=None, metadata=(), **more):
    """y = max(x, 0)"""
    return model([tensor("x", list(shape), kind, **more), tensor("y", list(shape), kind, **more)], [node(0, [0], [1])],
                 [code(RELU)], [0], [1], signature=signature, metadata=metadata)


def choice(metadata=()):
    """y = RELU(x) where c, else x + x"""
    options = (92, Table({0: ("i32", 1), 1: ("i32", 2)}))
    branch = [tensor("a", [1, 4]), tensor("b", [1, 4])]
    bodies = [Table({0: branch, 1: [0], 2: [1], 3: [node(1, [0], [1])], 4: "lower"}),
              Table({0: branch, 1: [0], 2: [1], 3: [node(2, [0, 0], [1], (11, Table()))], 4: "upper"})]
    return model([tensor("c", [1], BOOL), tensor("x", [1, 4]), tensor("y", [1, 4])], [node(0, [0, 1], [2], options)],
                 [code(IF), code(RELU), code(ADD)], [0, 1], [2], metadata=metadata, more=bodies)


def metadata(mean=(127.5,), std=(127.5,), labels=None, calibration=None, transform=0, default_score=0.0):
    """A TFLITE_METADATA record about one input and one output; labels and calibration are names of files."""
    units = [Table({0: ("u8", 1), 1: Table({0: list(map(float, mean)), 1: list(map(float, std))})})]
    files = [Table({0: name, 2: ("i8", kind)}) for name, kind in ((labels, 2), (calibration, 4)) if name]
    output = Table({0: "score", 6: files})
    if calibration:
        options = Table({0: ("i8", transform), 1: ("f32", default_score)})
        output[4] = [Table({0: ("u8", 2), 1: options})]
    graph = Table({2: [Table({0: "picture", 1: "what is looked at", 4: units})], 3: [output]})
    return Writer().finish(Table({0: "tiny", 1: "a test", 2: "v1", 3: [graph], 4: "nobody"}), b"M001")


def with_files(data, files, compression=zipfile.ZIP_DEFLATED):
    """A model with a zip archive of {name: bytes} behind it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as out:
        for name, contents in files.items():
            out.writestr(name, contents)
    return data + archive.getvalue()


def chain():
    """e = (x + x) * x + relu((x + x) * x): ADD, MUL, RELU, ADD over [1, 4]."""
    add, mul = (11, Table({0: ("i8", 0)})), (21, Table({0: ("i8", 0)}))
    return model([tensor(name, [1, 4]) for name in "xabce"],
                 [node(0, [0, 0], [1], add), node(1, [1, 0], [2], mul), node(2, [2], [3]), node(0, [2, 3], [4], add)],
                 [code(ADD), code(MUL), code(RELU)], [0], [4])


def concatenation(first=(1, 2), second=(1, 3)):
    """y = the two inputs, one behind the other along the last axis."""
    joined = list(first[:-1]) + [first[-1] + second[-1]]
    options = (10, Table({0: ("i32", len(first) - 1)}))
    return model([tensor("a", list(first)), tensor("b", list(second)), tensor("y", joined)],
                 [node(0, [0, 1], [2], options)], [code(CONCATENATION)], [0, 1], [2])


def reshape_strings(count=2):
    """y = the strings of x, one per row."""
    options = (17, Table({0: [count, 1]}))
    return model([tensor("x", [count], STRING), tensor("y", [count, 1], STRING)], [node(0, [0], [1], options)],
                 [code(RESHAPE)], [0], [1])


def gain(factor=2.5):
    """y = factor * x, by the operator of examples/c/custom_op.c."""
    return model([tensor("x", [1, 4]), tensor("y", [1, 4])], [node(0, [0], [1], custom=struct.pack("<f", factor))],
                 [code(CUSTOM, "Gain")], [0], [1])


def custom():
    """A model that needs an operator nobody has."""
    return model([tensor("x", [1]), tensor("y", [1])], [node(0, [0], [1])], [code(CUSTOM, "NobodyHasThis")], [0], [1])
