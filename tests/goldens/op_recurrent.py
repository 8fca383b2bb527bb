# op_recurrent.py: cases of recurrent operators, each run twice so that their state shows.
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from op_values import family, finish, floats, start, values

STATES = {"float": "float32", "hybrid": "float32", "integer": "int8"}
HYBRID = ("1e-2", "6e-2")  # activations are quantized once per step and row; errors feed back through the state


def matrix(case, rng, mode, dims, scale=None):
    """Weights: f32, or int8 with one scale."""
    if mode == "float":
        return case.const("float32", floats(rng, dims, -0.6, 0.6))
    return case.const("int8", rng.integers(-127, 127, dims, endpoint=True),
                      (float(np.round(rng.uniform(0.003, 0.008), 4)) if scale is None else scale, 0))


def vector(case, rng, mode, size, kind16=False, low=-0.3, high=0.3):
    """Biases and diagonal weights: f32; int32 or int16 in integer operators; int8 diagonals in hybrid ones."""
    if mode != "integer":
        return case.const("float32", floats(rng, size, low, high))
    if kind16:
        return case.const("int16", rng.integers(-20000, 20000, size), (1e-5, 0))
    return case.const("int32", rng.integers(-3000, 3000, size), (1e-5, 0))


def lstm_operands(case, rng, mode, sizes, parts, input_index=None):
    """Operands 1 to 17 (and 20 to 23 in `norms`) of an LSTM: (list of 17, norms)."""
    n_in, n_cell, n_out = sizes
    gate = [-1 if g == 0 and "cifg" in parts else g for g in range(4)]
    used = [g for g in range(4) if gate[g] >= 0]
    ins = [matrix(case, rng, mode, (n_cell, n_in)) if g in used else -1 for g in range(4)]
    rec = [matrix(case, rng, mode, (n_cell, n_out)) if g in used else -1 for g in range(4)]
    peep = [-1, -1, -1]
    if "peephole" in parts:
        for i, g in enumerate((0, 1, 3)):
            if g in used:
                if mode == "hybrid":
                    peep[i] = case.const("int8", rng.integers(-127, 127, n_cell), (0.003, 0))
                else:
                    peep[i] = vector(case, rng, mode, n_cell, True)
    bias = [vector(case, rng, mode, n_cell) if g in used else -1 for g in range(4)]
    proj = [-1, -1]
    if "projection" in parts:
        proj[0] = matrix(case, rng, mode, (n_out, n_cell))
        if "projection_bias" in parts:
            proj[1] = vector(case, rng, mode, n_out)
    norms = []
    if "norm" in parts:
        norms = [(case.const("int16", rng.integers(5000, 30000, n_cell), (4e-5, 0)) if mode == "integer" else
                  vector(case, rng, mode, n_cell, low=0.5, high=1.5)) if g in used else -1 for g in range(4)]
    return ins + rec + peep + bias + proj, norms


def lstm_case(rng, op, mode, parts, turn, asymmetric=False, time_major=True):
    case = start(op, turn, "int8q*int8q" if mode == "integer" else "float32*int8q" if mode == "hybrid" else "float32*float32",
                 rescale=mode == "integer")
    case.tag = "+".join((mode, *parts))
    batch, steps = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    n_in, n_cell = int(rng.integers(1, 8)), int(rng.integers(2, 8))
    n_out = int(rng.integers(1, 6)) if "projection" in parts else n_cell
    dims = (batch, n_in) if op == "LSTM" else (steps, batch, n_in) if time_major else (batch, steps, n_in)
    state = STATES[mode]
    q_in, q_out = ((0.03, 4), (0.01, -3)) if mode == "integer" else (None, None)

    def feed():
        return values(rng, "int8", dims, full=True) if mode == "integer" else floats(rng, dims, -2, 2)
    x = case.input("int8" if mode == "integer" else "float32", feed(), q_in)
    weights, norms = lstm_operands(case, rng, mode, (n_in, n_cell, n_out), parts)
    h = case.variable(state, (batch, n_out), q_out)
    c = case.variable("int16" if mode == "integer" else "float32", (batch, n_cell), (2.0 ** -11, 0) if mode == "integer" else None)
    ins = [x, *weights, h, c] + (norms if norms else [])
    named = {}
    if mode == "integer":
        hidden = (0.01, 5) if "projection" in parts else q_out
        inner = [case.tensor("int16", (), (float(2.0 ** -12 * s), 0)) for s in (1, 2, 1, 2)] + [case.tensor("int8", (), hidden)]
        named["intermediates"] = inner
    options = {"activation": 4, "cell_clip": float(rng.choice([0.0, 1.5])),
               "proj_clip": float(rng.choice([0.0, 1.0])) if "projection" in parts else 0.0}
    if mode == "hybrid":
        options["asymmetric_quantize_inputs"] = asymmetric
        case.ref, case.fast = HYBRID
    if op != "LSTM":
        options["time_major"] = time_major
    y = case.output(state, (*dims[:-1], n_out), q_out)
    case.run(ins, [y], options, **named)
    case.again(feed())
    return finish(case)


PARTS = [(), ("cifg",), ("peephole",), ("projection",), ("projection", "projection_bias"), ("norm",), ("cifg", "norm"),
         ("cifg", "peephole", "norm"), ("projection", "norm"), ("peephole", "projection", "norm"), ("cifg", "peephole", "projection", "projection_bias", "norm")]


@family("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstms(rng):
    turn = int(rng.integers(0, 4))
    for op in ("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM"):
        for mode in ("float", "hybrid", "integer"):
            for parts in PARTS:
                if mode == "integer" and {"peephole", "projection"} <= set(parts):
                    continue  # the peer walks the peephole weights by the width of the output
                yield lstm_case(rng, op, mode, parts, turn, bool(turn % 2), bool(rng.integers(0, 2)))
                turn += 1
    for turn in range(2):
        yield basic_case(rng, turn)


def basic_case(rng, turn):
    """The BASIC kernel: one matrix for all gates; uint8 with fixed scales."""
    integer = turn == 1
    case = start("LSTM", 1, "uint8q*uint8q" if integer else "float32*float32", rescale=integer)
    batch, n_in, n = int(rng.integers(1, 3)), int(rng.integers(1, 6)), 4 * int(rng.integers(1, 3))
    if integer:
        n_in = 8 * int(rng.integers(1, 3))
        n = 8
        x = case.input("uint8", values(rng, "uint8", (batch, n_in), full=True), (1 / 128, 128))
        h = case.input("uint8", values(rng, "uint8", (batch, n), full=True), (1 / 128, 128))
        w = case.const("uint8", values(rng, "uint8", (4 * n, n_in + n), full=True), (0.01, 120))
        b = case.const("int32", rng.integers(-2000, 2000, 4 * n), (0.01 / 128, 0))
        c = case.input("int16", values(rng, "int16", (batch, n), full=True), (1 / 2048, 0))
        outs = [case.output("uint8", (batch, n), (1 / 128, 128)), case.output("int16", (batch, n), (1 / 2048, 0)),
                case.tensor("uint8", (batch, n_in + n), (1 / 128, 128)), case.tensor("int16", (batch, 4 * n), (1 / 4096, 0))]
    else:
        x, h = case.input("float32", floats(rng, (batch, n_in))), case.input("float32", floats(rng, (batch, n), -1, 1))
        w, b = case.const("float32", floats(rng, (4 * n, n_in + n), -1, 1)), case.const("float32", floats(rng, 4 * n))
        c = case.input("float32", floats(rng, (batch, n), -1, 1))
        outs = [case.output("float32"), case.output("float32"), case.tensor("float32"), case.tensor("float32")]
    return finish(case.run([x, h, w, b, c], outs, {"activation": 4, "kernel_type": 1}))


@family("BIDIRECTIONAL_SEQUENCE_LSTM")
def bidirectional_lstms(rng):
    turn = 0
    for mode in ("float", "hybrid"):
        for parts in ((), ("cifg",), ("peephole",), ("projection",)):
            for aux in (False, True):
                merge, time_major = bool(rng.integers(0, 2)), bool(rng.integers(0, 2))
                if merge and not time_major:
                    time_major = True  # the peer's results vary from run to run
                case = start("BIDIRECTIONAL_SEQUENCE_LSTM", turn, "float32*int8q" if mode == "hybrid" else "float32*float32")
                case.tag = "+".join((*parts, *(["aux"] if aux else []), *(["merged"] if merge else [])))
                turn += 1
                batch, steps, n_in = (int(v) for v in rng.integers(1, 4, 3))
                n_cell = int(rng.integers(2, 6))
                n_out = int(rng.integers(1, 4)) if "projection" in parts else n_cell
                dims = (steps, batch, n_in) if time_major else (batch, steps, n_in)
                x = case.input("float32", floats(rng, dims))
                ways = [lstm_operands(case, rng, mode, (n_in, n_cell, n_out), parts)[0] for _ in range(2)]
                states = [case.variable("float32", (batch, n)) for n in (n_out, n_cell, n_out, n_cell)]
                extra = [-1] * 9
                if aux:
                    n_aux = int(rng.integers(1, 4))
                    extra[0] = case.input("float32", floats(rng, (*dims[:2], n_aux)))
                    for way in range(2):
                        for gate in range(4):
                            if gate > 0 or "cifg" not in parts:
                                extra[1 + 4 * way + gate] = matrix(case, rng, mode, (n_cell, n_aux))
                outs = [case.output("float32")] + ([] if merge else [case.output("float32")])
                if mode == "hybrid":
                    case.ref, case.fast = HYBRID
                case.run([x, *ways[0], *ways[1], *states, *extra], outs,
                         {"activation": 4, "merge_outputs": merge, "time_major": time_major,
                          "asymmetric_quantize_inputs": mode == "hybrid" and bool(turn % 2)})
                case.feeds.append([floats(rng, f.shape) for f in case.feeds[0]])
                yield finish(case)


@family("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN", "SVDF")
def rnns(rng):
    turn = 0
    for mode in ("float", "hybrid"):
        for op in ("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"):
            for _ in range(3):
                yield rnn_case(rng, op, mode, turn)
                turn += 1
    for mode in ("float", "hybrid", "integer"):
        for _ in range(3):
            yield svdf_case(rng, mode, turn)
            turn += 1


def rnn_case(rng, op, mode, turn):
    case = start(op, turn, "float32*int8q" if mode == "hybrid" else "float32*float32")
    batch, steps, n_in, n = (int(v) for v in rng.integers(1, 5, 4))
    time_major = bool(rng.integers(0, 2)) and not (mode == "hybrid" and op.startswith("BI"))
    dims = (batch, n_in) if op == "RNN" else (steps, batch, n_in) if time_major else (batch, steps, n_in)
    x = case.input("float32", floats(rng, dims))
    options = {"activation": int(rng.choice([0, 1, 4])), "asymmetric_quantize_inputs": mode == "hybrid" and bool(turn % 2)}
    if op != "RNN":
        options["time_major"] = time_major

    def cell(units):
        return [matrix(case, rng, mode, (units, n_in)), matrix(case, rng, mode, (units, units)),
                vector(case, rng, mode, units), case.variable("float32", (batch, units))]
    ins = [x, *cell(n)]
    outs = [case.output("float32")]
    if op.startswith("BI"):
        ins += [*cell(n), -1, -1, -1]
        options["merge_outputs"] = bool(rng.integers(0, 2))
        if not options["merge_outputs"]:
            outs.append(case.output("float32"))
    if mode == "hybrid":
        case.ref, case.fast = HYBRID
    case.run(ins, outs, options)
    case.again(floats(rng, dims))
    return finish(case)


def svdf_case(rng, mode, turn):
    forms = {"float": "float32*float32", "hybrid": "float32*int8q", "integer": "int8q*int8q"}
    case = start("SVDF", turn, forms[mode], rescale=mode == "integer")
    batch, n_in, units, rank, memory = (int(v) for v in rng.integers(1, 5, 5))
    filters = units * rank
    q_in = (0.03, 3) if mode == "integer" else None

    def feed():
        return values(rng, "int8", (batch, n_in), full=True) if mode == "integer" else floats(rng, (batch, n_in))
    x = case.input("int8" if mode == "integer" else "float32", feed(), q_in)
    f = matrix(case, rng, mode, (filters, n_in), None if mode != "integer" else 0.008)
    if mode == "integer":
        t = case.const("int16", rng.integers(-20000, 20000, (filters, memory)), (2.0 ** -15, 0))
        b = case.const("int32", rng.integers(-2000, 2000, units), (2.0 ** -15 * 2.0 ** -9, 0))
        s = case.variable("int16", (batch, memory * filters), (2.0 ** -9, 0))
    else:
        t = matrix(case, rng, "float" if mode == "float" else "float", (filters, memory))
        b = case.const("float32", floats(rng, units))
        s = case.variable("float32", (batch, memory * filters))
    if mode == "hybrid":
        t = case.const("int8", rng.integers(-127, 127, (filters, memory)), (0.006, 0))
        case.ref, case.fast = HYBRID
    y = case.output("int8" if mode == "integer" else "float32", (batch, units), (0.05, -2) if mode == "integer" else None)
    case.run([x, f, t, b, s], [y], {"rank": rank, "activation": 1 if mode == "integer" else int(rng.choice([0, 1])),
                                    "asymmetric_quantize_inputs": mode == "hybrid" and bool(turn % 2)})
    for _ in range(2):
        case.again(feed())
    return finish(case)
