# op_products.py: cases of products: convolutions, fully connected layers, matrix products.
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from op_movement import forms_of
from op_values import (channel_quant, family, finish, floats, operand, quant, result, shape, span, start, values)

# Form: activation * weights : granularity > output. "q" marks quantized activations; without it the weights alone are.
CONV = ("float32*float32 float32*float16 int8q*int8q:channel int8q*int8q:tensor uint8q*uint8q:tensor int16q*int8q:channel "
        "int16q*int8q:channel:bias32 int8q*int4q:channel float32*int8q:channel float32*int8q:tensor")


def accumulator(rng, kind, act, weights, w_scales, depth, extra=1):
    """(output quantization, bias type): the output covers what the sums reach, and saturates now and then."""
    reach = act[0] * float(np.max(w_scales)) * (span(weights)[1]) * span("int8" if kind == "uint8" else kind)[1] * np.sqrt(depth) * 0.5
    least, most = span(kind)
    scale = float(np.float32(reach * extra / (most - least)))
    return scale, 0 if kind == "int16" else int(rng.integers(least + 60, most - 60))


def weight(case, rng, kind, granularity, dims, axis, quantized):
    """A constant of weights: (index, scales or None)."""
    if kind in ("float32", "float16"):
        made = floats(rng, dims, -1, 1)
        if kind == "float32":
            return case.const(kind, made), None
        half = case.const("float16", made)
        full = case.tensor("float32", dims)
        case.node("DEQUANTIZE", [half], [full], version=3)
        return full, None
    least, most = span(kind)
    made = rng.integers(least + (not kind.startswith("u")), most, dims, endpoint=True)
    if kind == "uint8" and not quantized:
        made[made == 128] = 127  # -128 in disguise, which the peer's vector code multiplies wrongly
    if granularity.startswith("channel"):
        q = channel_quant(rng, dims[axis], axis)
    else:
        zero = int(rng.integers(100, 150)) if kind == "uint8" and quantized else 0
        q = (float(np.round(rng.uniform(0.005, 0.05), 4)), zero)
    return case.const(kind, made, q), np.atleast_1d(q[0]).astype("f4")


def product(case, rng, form, x_dims, w_dims, axis, channels, depth, run, x_values=None):
    """Activation, weights, bias and output of one product; `run(x, w, b, y)` adds the node."""
    left, _, right = form.partition("*")
    weights, _, granularity = right.partition(":")
    kind, quantized = (left[:-1], True) if left.endswith("q") else (left, False)
    w_kind = weights[:-1] if weights.endswith("q") else weights
    act = quant(rng, kind) if quantized else None
    x = operand(case, kind, values(rng, kind, x_dims, full=quantized) if x_values is None else x_values, act)
    w, scales = weight(case, rng, w_kind, granularity, w_dims, axis, quantized)
    y_q = bias_kind = None
    if quantized:
        case.rescale = True
        y_q = accumulator(rng, kind, act, w_kind, scales, depth)
        bias_kind = "int32" if "int16" not in (kind, w_kind) or granularity.endswith("bias32") or w_kind == "int16" else "int64"
        b_scale = np.float32(act[0]) * scales
        b = case.const(bias_kind, rng.integers(-2000, 2000, channels),
                       (b_scale, np.zeros(len(b_scale), "i8"), 0) if len(b_scale) > 1 else (float(b_scale[0]), 0))
    else:
        b = case.const("float32", floats(rng, channels))
        if w_kind not in ("float32", "float16"):
            hybrid_bounds(case, x, w, w_dims, axis)
    if rng.random() < 0.2 and case.op != "DEPTHWISE_CONV_2D":  # there the peer dies without a bias
        b = -1
    run(x, w, b, result(case, kind, (), y_q), 2 if granularity.endswith("bias32") else 0)
    return finish(case)


def hybrid_bounds(case, x, w, w_dims, axis):
    """Activations are quantized on the way, in fast mode by another rule: errors of half a step for every weight."""
    made, (scale, _, *_) = case.main.tensors[w].data.astype("f4"), case.main.tensors[w].quant
    sums = np.moveaxis(np.abs(made), axis, 0).reshape(w_dims[axis], -1).sum(1) * np.float32(scale)
    bound = float(np.abs(case.feeds[0][0]).max()) / 127 * float(sums.max())
    case.ref, case.fast = case.ref or "2e-3", f"@{bound:.3g}"
    if case.op == "FULLY_CONNECTED" and case.main.tensors[w].kind != "uint8":
        case.trust = ("ref", "xnn")  # where many outputs meet several rows, the peer's other kernels miss some
    if case.op == "TRANSPOSE_CONV":
        case.ref = case.fast  # activations stay floats here: nearer to the truth than the peer


def window(rng, size, most=3):
    return int(rng.integers(1, min(size, most) + 1))


@family("CONV_2D", "DEPTHWISE_CONV_2D")
def convolutions(rng):
    for form, turn in forms_of("CONV_2D", CONV, rng, 3):
        case = start("CONV_2D", turn, form)
        case.tag = str(turn % 3)
        groups = int(rng.choice([1, 1, 2])) if "int4" not in form and "*int8q:tensor" not in form else 1
        cin, cout = groups * int(rng.choice([1, 2, 3, 8, 19])), groups * int(rng.choice([1, 2, 5, 16]))
        if "int4" in form:
            cin += cin % 2
        h, w = (int(v) for v in rng.integers(3, 8, 2))
        kh, kw = window(rng, h), window(rng, w)
        dil = [int(d) for d in rng.integers(1, 3, 2)] if rng.random() < 0.3 and h > 4 and w > 4 and kh < 3 and kw < 3 else [1, 1]
        options = {"padding": int(rng.integers(0, 2)), "stride_w": int(rng.integers(1, 3)), "stride_h": int(rng.integers(1, 3)),
                   "activation": int(rng.choice([0, 1, 3])), "dilation_w_factor": dil[0], "dilation_h_factor": dil[1]}

        def run(x, k, b, y, bias, case=case, options=options):
            case.run([x, k, b] if b >= 0 else [x, k], [y], {**options, "quantized_bias_type": bias})
        yield product(case, rng, form, (int(rng.integers(1, 3)), h, w, cin), (cout, kh, kw, cin // groups), 0, cout,
                      kh * kw * cin // groups, run)
    for form, turn in forms_of("DEPTHWISE_CONV_2D", CONV.replace("float32*int8q:tensor", ""), rng, 3):
        case = start("DEPTHWISE_CONV_2D", turn, form)
        case.tag = str(turn % 3)
        cin, mult = int(rng.choice([1, 2, 3, 8, 16, 21])), int(rng.choice([1, 1, 2, 3]))
        if "int4" in form:
            cin += cin % 2
        h, w = (int(v) for v in rng.integers(3, 8, 2))
        kh, kw = window(rng, h), window(rng, w)
        stride = int(rng.integers(1, 3))
        options = {"padding": int(rng.integers(0, 2)), "stride_w": stride, "stride_h": stride, "depth_multiplier": mult,
                   "activation": int(rng.choice([0, 1, 3])), "dilation_w_factor": 1, "dilation_h_factor": 1}

        def run(x, k, b, y, bias, case=case, options=options):
            case.run([x, k, b] if b >= 0 else [x, k], [y], options)
        yield product(case, rng, form, (1, h, w, cin), (1, kh, kw, cin * mult), 3, cin * mult, kh * kw, run)


@family("TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE")
def other_convolutions(rng):
    forms = "float32*float32 int8q*int8q:channel int8q*int8q:tensor uint8q*uint8q:tensor int16q*int8q:channel float32*int8q:channel"
    for form, turn in forms_of("TRANSPOSE_CONV", forms, rng, 3):
        case = start("TRANSPOSE_CONV", turn, form)
        case.tag = str(turn % 3)
        cin, cout = int(rng.choice([1, 3, 8])), int(rng.choice([1, 2, 5]))
        h, w, kh, kw = (int(v) for v in rng.integers(1, 5, 4))
        sh, sw, pad = int(rng.integers(1, 3)), int(rng.integers(1, 3)), int(rng.integers(0, 2))
        size = [h * sh, w * sw] if pad == 0 else [(h - 1) * sh + kh, (w - 1) * sw + kw]
        options = {"padding": pad, "stride_w": sw, "stride_h": sh, "activation": int(rng.choice([0, 1])) if turn % 2 else 0}

        def run(x, k, b, y, bias, case=case, options=options, size=size, cout=cout):
            dims = case.const("int32", [1, *size, cout])
            case.run([dims, k, x] + ([b] if b >= 0 else []), [y], {**options, "quantized_bias_type": bias})
        yield product(case, rng, form, (1, h, w, cin), (cout, kh, kw, cin), 0, cout, kh * kw * cin, run)
    for op in ("CONV_3D", "CONV_3D_TRANSPOSE"):
        for turn in range(3):
            case = start(op, turn, "float32*float32", ref="1e-4", fast="2e-4")
            d, h, w = (int(v) for v in rng.integers(2, 5, 3))
            k = [int(rng.integers(1, 3)) for _ in range(3)]
            cin, cout = int(rng.integers(1, 4)), int(rng.integers(1, 4))
            s = [int(v) for v in rng.integers(1, 3, 3)]
            pad = int(rng.integers(0, 2))
            options = {"padding": pad, "stride_d": s[0], "stride_h": s[1], "stride_w": s[2], "activation": int(rng.choice([0, 1]))}
            x = case.input("float32", floats(rng, (1, d, h, w, cin)))
            b = case.const("float32", floats(rng, cout))
            if op == "CONV_3D":
                f = case.const("float32", floats(rng, (*k, cin, cout)))
                ins = [x, f, b]
            else:
                f = case.const("float32", floats(rng, (*k, cout, cin)))
                size = [v * q if pad == 0 else (v - 1) * q + u for v, q, u in zip((d, h, w), s, k)]
                ins = [case.const("int32", [1, *size, cout]), f, x, b]
            yield finish(case.run(ins, [case.output("float32")], options))


@family("FULLY_CONNECTED", "BATCH_MATMUL")
def matrices(rng):
    forms = CONV + " int8q*int2q:channel int16q*int4q:channel float32*int4q:channel float32*int2q:channel float32*int4q:block float32*uint8q:tensor int16q*int16q:tensor"
    for form, turn in forms_of("FULLY_CONNECTED", forms, rng, 3):
        case = start("FULLY_CONNECTED", turn, form)
        case.tag = str(turn % 3)
        cin, cout = 4 * int(rng.integers(1, 12)), int(rng.choice([1, 2, 7] if "uint8q:t" in form else [1, 2, 7, 16, 33]))
        if "int4" not in form and "int2" not in form and rng.random() < 0.5:
            cin += 1
        keep = bool(rng.integers(0, 2))
        dims = (*shape(rng, int(rng.integers(1, 3)), 1, 1 if "uint8q:t" in form and "float" in form else 4), cin)
        asym = bool(rng.integers(0, 2))
        options = {"activation": int(rng.choice([0, 1, 3])), "keep_num_dims": keep}
        if form.startswith("float32*int"):
            options["asymmetric_quantize_inputs"] = asym
        if form.endswith("block"):
            yield block_case(case, rng, dims, cout, options)
            continue

        def run(x, k, b, y, bias, case=case, options=options):
            case.run([x, k, b], [y], {**options, "quantized_bias_type": bias})
        yield product(case, rng, form, dims, (cout, cin), 0, cout, cin, run)
    for form, turn in forms_of("BATCH_MATMUL", "float32*float32 int8q*int8q int16q*int16q float32*int8q int8*int8>int32", rng, 4):
        yield batch_case(rng, form, turn)


def block_case(case, rng, dims, cout, options):
    """int4 weights with a scale for each 32 elements of a row."""
    cin = 32 * int(rng.integers(2, 4))  # of one block, no kernel of the peer makes sense
    dims = (*dims[:-1], cin)
    options["activation"] = 0
    options["asymmetric_quantize_inputs"] = True
    x = case.input("float32", floats(rng, dims))
    scales = case.const("float16", floats(rng, (cout, cin // 32), 0.01, 0.1, 3))
    w = case.const("int4", rng.integers(-8, 8, (cout, cin)), ("block", scales, -1, 32))
    b = case.const("float32", floats(rng, cout))
    case.version = 12
    case.trust = ("xnn",)  # the peer's other kernels give zeros, or read a wrong row
    case.ref, case.fast = "2e-2", "3e-2"
    return finish(case.run([x, w, b], [case.output("float32")], options))


def batch_case(rng, form, turn):
    case = start("BATCH_MATMUL", turn, form, rescale=form.endswith("q") and not form.startswith("float"))
    case.tag = str(turn % 3)
    m, k, n = (int(v) for v in rng.integers(1, 9, 3))
    rank = int(rng.integers(0, 3))
    batch = shape(rng, rank, 1, 3)
    left, right = ([d if rng.random() < 0.8 else 1 for d in batch] for _ in range(2))
    adj_x, adj_y = bool(rng.integers(0, 2)), bool(rng.integers(0, 2))
    if form == "float32*int8q":
        left = right = []
        case.ref, case.fast = "2e-2", "5e-2"
        adj_x = False
    a_dims, b_dims = (*left, *((k, m) if adj_x else (m, k))), (*right, *((n, k) if adj_y else (k, n)))
    kinds = form.partition(">")[0].replace("q", "").split("*")
    out = form.partition(">")[2] or kinds[0]
    qs = [quant(rng, kinds[0]) if "q*" in form else None, quant(rng, kinds[1]) if form.endswith("q") else None]
    if form == "float32*int8q":
        qs[1] = (0.03, 0)
    if kinds[0] == "int8" and qs[0]:
        out_q = (float(np.float32(qs[0][0] * qs[1][0] * 40 * np.sqrt(k))), 5)
    else:
        out_q = (float(np.float32(qs[0][0] * qs[1][0] * 15000 * np.sqrt(k))), 0) if qs[0] else None
    full = kinds[0] != "float32"
    x = case.input(kinds[0], values(rng, kinds[0], a_dims, full=full), qs[0])
    made = values(rng, kinds[1], b_dims, full=full or form == "float32*int8q")
    y = (case.const if form == "float32*int8q" or rng.random() < 0.3 else case.input)(kinds[1], made, qs[1])
    options = {"adj_x": adj_x, "adj_y": adj_y}
    if form == "float32*int8q":
        options["asymmetric_quantize_inputs"] = bool(rng.integers(0, 2))
    return finish(case.run([x, y], [case.output(out, (), out_q if out == kinds[0] else None)], options))
