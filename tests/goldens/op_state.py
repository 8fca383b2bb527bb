# op_state.py: cases of operators with subgraphs, state, random numbers or sparse operands.
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from op_model import Graph, TYPES, array
from op_movement import forms_of, numbers
from op_values import family, finish, floats, result, shape, start, values

STRING = TYPES["string"][0]


def subgraph(case, *inputs):
    """One more subgraph with inputs of (kind, shape): (number, graph)."""
    graph = Graph()
    for kind, dims in inputs:
        graph.inputs.append(graph.add(kind, dims))
    case.graphs.append(graph)
    return len(case.graphs) - 1, graph


def binary_subgraph(case, op, kind, dims, options=None):
    number, graph = subgraph(case, (kind, dims), (kind, dims))
    graph.outputs.append(graph.add(kind, dims))
    graph.node(op, 1, [0, 1], [2], options)
    return number


@family("IF", "WHILE", "CALL_ONCE", "STABLEHLO_COMPOSITE", "STABLEHLO_CASE")
def control(rng):
    for kind in ("float32", "int32"):
        for taken in (True, False):
            case = start("IF", 0, kind)
            case.tag = str(taken)
            c = case.input("bool", [taken])
            a, b = (case.input(kind, values(rng, kind, (2, 3))) for _ in range(2))
            y = case.output(kind, (2, 3))
            then = binary_subgraph(case, "ADD", kind, (2, 3), {"activation": 0})
            other = binary_subgraph(case, "MUL", kind, (2, 3), {"activation": 0})
            yield finish(case.run([c, a, b], [y], {"then_subgraph_index": then, "else_subgraph_index": other}))
        case = start("WHILE", 0, f"int32,{kind}")
        i = case.input("int32", [int(rng.integers(0, 3))])
        x = case.input(kind, values(rng, kind, (3,)))
        outs = [case.output("int32", (1,)), case.output(kind, (3,))]
        cond, graph = subgraph(case, ("int32", (1,)), (kind, (3,)))
        limit, truth = graph.add("int32", (1,), data=array("int32", [5])), graph.add("bool", (1,))
        graph.node("LESS", 1, [0, limit], [truth])
        graph.outputs.append(truth)
        body, graph = subgraph(case, ("int32", (1,)), (kind, (3,)))
        one, after, grown = graph.add("int32", (1,), data=array("int32", [1])), graph.add("int32", (1,)), graph.add(kind, (3,))
        graph.node("ADD", 1, [0, one], [after], {"activation": 0})
        graph.node("ADD", 1, [1, 1], [grown], {"activation": 0})
        graph.outputs += [after, grown]
        yield finish(case.run([i, x], outs, {"cond_subgraph_index": cond, "body_subgraph_index": body}))
    case = start("WHILE", 0, "int32,float32")
    case.tag = "growing"
    i, x = case.input("int32", [0]), case.input("float32", floats(rng, (1, 2)))
    outs = [case.output("int32", (1,)), case.output("float32", (1, 2))]
    cond, graph = subgraph(case, ("int32", (1,)), ("float32", (1, 2)))
    limit, truth = graph.add("int32", (1,), data=array("int32", [3])), graph.add("bool", (1,))
    graph.node("LESS", 1, [0, limit], [truth])
    graph.outputs.append(truth)
    body, graph = subgraph(case, ("int32", (1,)), ("float32", (1, 2)))
    one, after, grown = graph.add("int32", (1,), data=array("int32", [1])), graph.add("int32", (1,)), graph.add("float32", (2, 2))
    graph.node("ADD", 1, [0, one], [after], {"activation": 0})
    graph.node("CONCATENATION", 1, [1, 1], [grown], {"axis": 0, "activation": 0})
    graph.outputs += [after, grown]
    yield finish(case.run([i, x], outs, {"cond_subgraph_index": cond, "body_subgraph_index": body}))
    case = start("CALL_ONCE", 0, "resource")
    x = case.input("float32", floats(rng, (2, 2)))
    handle, read, y = case.tensor("resource"), case.tensor("float32", (2, 2)), case.output("float32", (2, 2))
    init, graph = subgraph(case)
    inner, start_value = graph.add("resource", ()), graph.add("float32", (2, 2), data=floats(rng, (2, 2)))
    graph.node("VAR_HANDLE", 1, [], [inner], {"shared_name": "v"})
    graph.node("ASSIGN_VARIABLE", 1, [inner, start_value], [])
    case.run([], [], {"init_subgraph_index": init})
    case.node("VAR_HANDLE", [], [handle], {"shared_name": "v"})
    case.node("READ_VARIABLE", [handle], [read])
    case.node("ADD", [read, x], [y], {"activation": 0})
    case.node("ASSIGN_VARIABLE", [handle, y], [])
    case.again(floats(rng, (2, 2)))
    yield finish(case)
    case = start("STABLEHLO_COMPOSITE", 0, "float32")
    a, b = (case.input("float32", floats(rng, (2, 3))) for _ in range(2))
    inner = binary_subgraph(case, "SUB", "float32", (2, 3), {"activation": 0})
    yield finish(case.run([a, b], [case.output("float32", (2, 3))],
                          {"name": "test.difference", "decomposition_subgraph_index": inner, "version": 1,
                           "composite_attributes": b"\0\0\1"}))
    yield attention_case(rng)
    for taken in (0, 1, 2):
        case = start("STABLEHLO_CASE", 0, "float32")
        case.tag = str(taken)
        c = case.input("int32", [taken])
        a, b = (case.input("float32", floats(rng, (2, 3))) for _ in range(2))
        branches = [binary_subgraph(case, op, "float32", (2, 3), {"activation": 0}) for op in ("ADD", "SUB", "MUL")]
        yield finish(case.run([c, a, b], [case.output("float32", (2, 3))], {"branch_subgraph_indices": branches}))


def attention_case(rng):
    """Attention as a composite, which fast mode computes by its name: one query row, heads that share keys and values."""
    heads, size, keys, live = (int(v) for v in (rng.integers(1, 5), rng.integers(1, 9), 7, rng.integers(1, 8)))
    case = start("STABLEHLO_COMPOSITE", 0, "float32")
    case.tag = "attention"
    q = case.input("float32", floats(rng, (1, 1, heads, size)))
    k, v = (case.input("float32", floats(rng, (1, keys, 1, size))) for _ in range(2))
    mask = case.input("float32", np.where(np.arange(keys) < live, 0, -np.inf).reshape(1, 1, 1, keys))
    y = case.output("float32", (1, 1, heads, size))
    number, graph = subgraph(case, *[("float32", case.main.tensors[i].shape) for i in (q, k, v, mask)])

    def add(op, ins, dims, options=None):
        graph.node(op, 1, ins, [graph.add("float32", dims)], options)
        return len(graph.tensors) - 1

    def reshape(x, dims):
        return add("RESHAPE", [x, graph.add("int32", (len(dims),), data=array("int32", dims))], dims)
    scaled = add("MUL", [0, graph.add("float32", (), data=array("float32", 0.5))], (1, 1, heads, size), {"activation": 0})
    scores = add("BATCH_MATMUL", [reshape(scaled, (heads, size)), reshape(1, (keys, size))], (heads, keys), {"adj_y": True})
    masked = add("ADD", [scores, reshape(3, (1, keys))], (heads, keys), {"activation": 0})
    weights = add("SOFTMAX", [masked], (heads, keys), {"beta": 1.0})
    mixed = add("BATCH_MATMUL", [weights, reshape(2, (keys, size))], (heads, size), {"adj_y": False})
    graph.outputs.append(reshape(mixed, (1, 1, heads, size)))
    attributes = b"scale\0\1\x07\1\0\0\0\1\0\0\0\1\0\0\0\0\0\0\x3f\x0e\5\x26\1"
    return finish(case.run([q, k, v, mask], [y], {"name": "odml.scaled_dot_product_attention", "version": 1,
                                                  "decomposition_subgraph_index": number, "composite_attributes": attributes}))


@family("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT",
        "HASHTABLE_SIZE")
def resources(rng):
    for op in ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"):
        for kind in ("float32", "int32", "int64", "bool", "int8", "uint8", "int16", "float64", "complex64"):
            case = start(op, 0, "resource" if op == "VAR_HANDLE" else kind)
            x = case.input(kind, values(rng, kind, (2, 3)))
            h, y = case.tensor("resource"), case.output(kind, (2, 3))
            case.node("VAR_HANDLE", [], [h], {"container": "c", "shared_name": f"v{kind}"})
            case.node("ASSIGN_VARIABLE", [h, x], [])
            case.node("READ_VARIABLE", [h], [y])
            case.again(values(rng, kind, (2, 3)))
            yield finish(case)
            if op == "VAR_HANDLE":
                break
    for op in ("HASHTABLE", "HASHTABLE_IMPORT", "HASHTABLE_FIND", "HASHTABLE_SIZE"):
        for keys, items in (("int64", "string"), ("string", "int64")):
            case = start(op, 0, f"{keys}>{items}")
            words = np.array([b"a", b"bb", b"", b"dd"], object)
            stock = {"int64": np.array([10, 20, -3, 40]), "string": words}
            asked = {"int64": np.array([40, 5, 10]), "string": np.array([b"bb", b"zz", b"a"], object)}
            default = {"int64": np.array([-1]), "string": np.array([b"?"], object)}
            h = case.tensor("resource", (1,))
            k, v, q = case.const(keys, stock[keys]), case.const(items, stock[items]), case.input(keys, asked[keys])
            found, size = case.output(items, (3,)), case.output("int64", (1,))
            case.node("HASHTABLE", [], [h], {"table_id": 7, "key_dtype": TYPES[keys][0], "value_dtype": TYPES[items][0]})
            case.node("HASHTABLE_IMPORT", [h, k, v], [])
            case.node("HASHTABLE_FIND", [h, q, case.const(items, default[items])], [found])
            case.node("HASHTABLE_SIZE", [h], [size])
            yield finish(case)


@family("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "DENSIFY", "LSH_PROJECTION", "SKIP_GRAM", "REDUCE_WINDOW")
def detections(rng):
    for op in ("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"):
        for _ in range(4):
            case = start(op, 0, "float32")
            count = int(rng.integers(1, 12))
            corner = rng.integers(0, 8, (count, 2))
            boxes = np.concatenate([corner, corner + rng.integers(1, 5, (count, 2))], 1)
            if rng.random() < 0.3:
                boxes = boxes[:, [2, 3, 0, 1]]
            ins = [case.input("float32", boxes), case.input("float32", np.round(rng.random(count), 2))]
            ins.append(numbers(case, "int32", np.array(int(rng.integers(1, 8))), rng))
            ins.append(case.const("float32", np.array(float(rng.choice([0.3, 0.5, 0.9])), "f4")))
            ins.append(case.const("float32", np.array(float(rng.choice([0.0, 0.2])), "f4")))
            if op.endswith("5"):
                ins.append(case.const("float32", np.array(float(rng.choice([0.0, 0.5])), "f4")))
            outs = [case.output("int32")] + ([case.output("float32")] if op.endswith("5") else []) + [case.output("int32")]
            yield finish(case.run(ins, outs))
    for kind in ("float32", "float16", "int8"):
        for blocks in (False, True):
            yield sparse_case(rng, "DENSIFY", kind, blocks)
    yield sparse_case(rng, "FULLY_CONNECTED", "float32", False)
    yield sparse_case(rng, "FULLY_CONNECTED", "float32", True)
    for kind in (1, 2):
        for weighted in (False, True):
            case = start("LSH_PROJECTION", 0, "float32")
            case.tag = f"{kind}{weighted}"
            h = case.const("float32", floats(rng, (3, 4), -1, 1))
            rows = int(rng.integers(1, 5))
            ins = [h, case.input("int32", rng.integers(0, 99, (rows, 2)))]
            if weighted:
                ins.append(case.input("float32", floats(rng, rows, 0.1, 1)))
            yield finish(case.run(ins, [case.output("int32")], {"type": kind}))
    for n, skip, every in ((2, 1, True), (3, 0, False), (3, 2, True), (2, 2, False)):
        case = start("SKIP_GRAM", 0, "string")
        case.tag = f"{n}.{skip}"
        x = case.input("string", np.array([b"The quick brown\t fox jumps"], object))
        yield finish(case.run([x], [case.output("string")], {"ngram_size": n, "max_skip_size": skip, "include_all_ngrams": every}))
    for function in range(1, 7):
        for kind in (("bool",) if function > 4 else ("float32", "int32", "int8", "uint8", "int16", "int64")):
            case = start("REDUCE_WINDOW", 0, kind)
            case.tag = str(function)
            dims = shape(rng, int(rng.integers(1, 4)), 2, 5)
            x = case.input(kind, values(rng, kind, dims))
            first = case.input(kind, array(kind, 1 if function in (2, 5) else 0))
            size = [int(rng.integers(1, d + 1)) for d in dims]
            ks = [case.const("int64", v) for v in (size, rng.integers(1, 3, len(dims)), rng.integers(1, 3, len(dims)))]
            yield finish(case.run([x, first, *ks], [case.output(kind)], {"reduce_function": function}))


def sparse_case(rng, op, kind, blocks):
    """A sparse constant: rows dense, columns compressed; or blocks of 1 by 4."""
    rows, cols = 4, 16
    dense = floats(rng, (rows, cols), -1, 1) if kind.startswith("float") else rng.integers(-9, 9, (rows, cols))
    width = 4 if blocks else 1
    keep = rng.random((rows, cols // width)) < 0.5
    keep[0, 0] = True
    dense = dense * np.repeat(keep, width, 1)
    segments = np.concatenate([[0], np.cumsum(keep.sum(1))])
    indices = np.concatenate([np.flatnonzero(r) for r in keep])
    stored = np.concatenate([dense[r].reshape(-1, width)[keep[r]].ravel() for r in range(rows)])
    if blocks:
        sparse = ([0, 1, 2], [1], [rows, (segments, indices), width])
    else:
        sparse = ([0, 1], [], [rows, (segments, indices)])
    case = start(op, 0, kind + (":blocks" if blocks else ":sparse"))
    x = case.const(kind, array(kind, stored), sparse=sparse, shape=(rows, cols))
    if op == "DENSIFY":
        case.trust, case.oracle = (), lambda feed, d=array(kind, dense): [d]
        return finish(case.run([x], [case.output(kind, (rows, cols))]))
    case.version = 8
    a, b = case.input("float32", floats(rng, (2, cols))), case.const("float32", floats(rng, rows))
    return finish(case.run([a, x, b], [case.output("float32", (2, rows))], {"activation": 0, "keep_num_dims": False}))


@family("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL", "STABLEHLO_RNG_BIT_GENERATOR")
def randoms(rng):
    for op in ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL"):
        for seeds in ((1, 2), (1234, 0), (0, 77)):
            case = start(op, 0, "float32")
            k = numbers(case, "int32", shape(rng, int(rng.integers(1, 4))), rng)
            case.run([k], [case.output("float32")], {"seed": seeds[0], "seed2": seeds[1]})
            case.feeds.append([f.copy() for f in case.feeds[0]])
            yield finish(case)
    for kind in ("int32", "int64"):
        case = start("MULTINOMIAL", 0, f"float32>{kind}")
        x = case.input("float32", floats(rng, (2, 5)))
        case.run([x, case.const("int32", np.array(6))], [case.output(kind)], {"seed": 3, "seed2": 4})
        yield finish(case)
    for algorithm in (0, 1, 2):
        for kind in ("int32", "uint32", "int64", "uint64"):
            case = start("STABLEHLO_RNG_BIT_GENERATOR", 0, kind)
            case.tag = str(algorithm)
            size = 3 if algorithm == 1 and rng.random() < 0.5 else 2
            x = case.input("uint64", rng.integers(0, 2 ** 60, size))
            yield finish(case.run([x], [case.output("uint64", (size,)), case.output(kind, shape(rng, 2))], {"algorithm": algorithm}))


@family("STABLEHLO_SCATTER", "STABLEHLO_GATHER", "STABLEHLO_PAD", "STABLEHLO_REDUCE_WINDOW")
def stablehlo(rng):
    kinds = "float32 float16 int8 int16 int32 int64 uint8 bool"
    for form, turn in forms_of("STABLEHLO_PAD", kinds.replace("bool", "float64 uint16"), rng, 2):
        rank = int(rng.integers(1, 4))
        case = start("STABLEHLO_PAD", turn, form)
        x, v = case.input(form, values(rng, form, shape(rng, rank, 3, 4))), case.input(form, values(rng, form, ()))
        options = {"edge_padding_low": [int(p) for p in rng.integers(-1, 3, rank)],
                   "edge_padding_high": [int(p) for p in rng.integers(-1, 3, rank)],
                   "interior_padding": [int(p) for p in rng.integers(0, 3, rank)]}
        yield finish(case.run([x, v], [case.output(form)], options))
    for form, turn in forms_of("STABLEHLO_GATHER", "float32 float16 int8 uint8 int32 int64 bool", rng, 2):
        case = start("STABLEHLO_GATHER", turn, form)
        dims = shape(rng, 3, 2, 4)
        x = case.input(form, values(rng, form, dims))
        at = np.stack([rng.integers(0, d + 1, (2, 2)) for d in dims[:2]], -1)
        i = case.input(str(rng.choice(["int32", "int64"])), at)
        sizes = [1, 2, dims[2]]
        options = {"offset_dims": [2, 3], "collapsed_slice_dims": [0], "start_index_map": [0, 1], "index_vector_dim": 2,
                   "slice_sizes": sizes, "indices_are_sorted": False}
        yield finish(case.run([x, i], [case.output(form, (2, 2, 2, dims[2]))], options))
    for body, kinds in (("STABLEHLO_ADD", "float32 int32 int64"), ("STABLEHLO_MULTIPLY", "float32 int32"),
                        ("STABLEHLO_MAXIMUM", "float32 int32"), ("STABLEHLO_MINIMUM", "float32 int32"), ("", "float32 int32")):
        for form, turn in forms_of("STABLEHLO_SCATTER", kinds, rng):
            case = start("STABLEHLO_SCATTER", turn, form)
            case.tag = body[10:]
            dims = shape(rng, 2, 3, 5)
            x = case.input(form, values(rng, form, dims))
            i = case.input(str(rng.choice(["int32", "int64"])), rng.integers(0, dims[0], (3, 1)))
            u = case.input(form, values(rng, form, (3, dims[1])))
            y = case.output(form, dims)
            if body:
                number = binary_subgraph(case, body, form, ())
            else:
                number, graph = subgraph(case, (form, ()), (form, ()))
                graph.outputs.append(1)
            yield finish(case.run([x, i, u], [y], {
                "update_window_dims": [1], "inserted_window_dims": [0], "scatter_dims_to_operand_dims": [0],
                "index_vector_dim": 1, "update_computation_subgraph_index": number}))
    for body, first in (("STABLEHLO_ADD", 0), ("STABLEHLO_MULTIPLY", 1), ("STABLEHLO_MAXIMUM", 0), ("STABLEHLO_MINIMUM", 0)):
        for form, turn in forms_of("STABLEHLO_REDUCE_WINDOW", "float32 int32 int8 uint8 int16 int64", rng):
            case = start("STABLEHLO_REDUCE_WINDOW", turn, form)
            case.tag = body[10:]
            rank = int(rng.integers(1, 4))
            dims = shape(rng, rank, 3, 5)
            x, v = case.input(form, values(rng, form, dims, 0, 3)), case.input(form, array(form, first))
            y = case.output(form)
            number = binary_subgraph(case, body, form, ())
            options = {"window_dimensions": [int(k) for k in rng.integers(1, 3, rank)],
                       "window_strides": [int(k) for k in rng.integers(1, 3, rank)],
                       "base_dilations": [int(k) for k in rng.integers(1, 3, rank)],
                       "window_dilations": [int(k) for k in rng.integers(1, 3, rank)],
                       "padding": [int(k) for k in rng.integers(0, 2, 2 * rank)], "body_subgraph_index": number}
            yield finish(case.run([x, v], [y], options))
