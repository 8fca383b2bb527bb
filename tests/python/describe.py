# describe.py: one script for two interpreters: what each shows and says of a model, as JSON for comparison.
# SPDX-License-Identifier: Apache-2.0
"""Usage: describe.py MODULE MODEL…   MODULE has Interpreter; prints one JSON object per model."""
import importlib
import json
import sys
import warnings

import numpy as np

# The other interpreter keeps old messages in front of new ones; comparisons look at the end.


def plain(value):
    """Arrays and types as lists and names."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return [str(value.dtype), plain(value.tolist())]
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, float):
        return float(np.float32(value))
    return value


def attempt(errors, name, action):
    """Notes the kind and text of what `action` raises."""
    try:
        action()
        errors[name] = None
    except (ValueError, RuntimeError, TypeError) as error:
        kinds = [kind.__name__ for kind in (ValueError, RuntimeError, TypeError) if isinstance(error, kind)]
        errors[name] = [kinds, str(error)]


def filled(details, seed):
    """Contents for an input: the same for both interpreters."""
    generator = np.random.default_rng(seed)
    kind = np.dtype(details["dtype"])
    shape = tuple(details["shape"])
    if kind.kind == "S":
        return np.full(shape, "text", object)
    if kind.kind in "iu":
        return generator.integers(0, 2, shape).astype(kind)
    return generator.random(shape).astype(kind)


def errors_before(interpreter, details):
    errors, x = {}, details[0]
    index, value = x["index"], filled(x, 0)
    attempt(errors, "get before allocate", lambda: interpreter.get_tensor(index))
    attempt(errors, "view before allocate", lambda: interpreter.tensor(index)())
    attempt(errors, "invoke before allocate", interpreter.invoke)
    attempt(errors, "set before allocate", lambda: interpreter.set_tensor(index, value))
    return errors


def errors_after(interpreter, details):
    errors, x = {}, details[0]
    index, shape, kind = x["index"], list(x["shape"]), np.dtype(x["dtype"])
    value = filled(x, 0)
    attempt(errors, "index too large", lambda: interpreter.get_tensor(99999))
    attempt(errors, "index -1", lambda: interpreter.get_tensor(-1))
    attempt(errors, "subgraph too large", lambda: interpreter.get_tensor(index, 77))
    attempt(errors, "details of no subgraph", lambda: interpreter.get_tensor_details(77))
    attempt(errors, "set index too large", lambda: interpreter.set_tensor(99999, value))
    attempt(errors, "no such node", lambda: interpreter._get_op_details(99999))
    attempt(errors, "set None", lambda: interpreter.set_tensor(index, np.zeros(shape, "datetime64[s]")))
    attempt(errors, "rank", lambda: interpreter.set_tensor(index, np.zeros([1] + shape, kind)))
    if shape:
        attempt(errors, "dimension", lambda: interpreter.set_tensor(index, np.zeros([shape[0] + 1] + shape[1:], kind)))
    for wrong in ("complex64", "float64", "bool", "int64", "S3"):
        if np.dtype(wrong).kind != kind.kind:
            attempt(errors, "type " + wrong, lambda wrong=wrong: interpreter.set_tensor(index, value.astype(wrong)))
    if kind.kind != "S" and shape:  # the other one loses count of views of scalars
        held = interpreter.tensor(index)()
        attempt(errors, "invoke while held", interpreter.invoke)
        attempt(errors, "allocate while held", interpreter.allocate_tensors)
        attempt(errors, "resize while held", lambda: interpreter.resize_tensor_input(index, shape))
        del held
    attempt(errors, "runner without key", interpreter.get_signature_runner)
    attempt(errors, "runner of no key", lambda: interpreter.get_signature_runner("no such key"))
    if shape and list(x["shape_signature"]) == shape:
        attempt(errors, "strict", lambda: interpreter.resize_tensor_input(index, [shape[0] + 1] + shape[1:], strict=True))
    return errors


def describe(module, path):
    result = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = module.Interpreter(model_path=path)
    result["inputs"] = plain(interpreter.get_input_details())
    result["outputs"] = plain(interpreter.get_output_details())
    result["tensors"] = [plain(interpreter.get_tensor_details(g)) for g in range(interpreter.num_subgraphs())]
    result["operators"] = plain([op for op in interpreter._get_ops_details() if op["op_name"] != "DELEGATE"])
    result["signatures"] = plain(interpreter._get_full_signature_list())
    details = interpreter.get_input_details()
    result["before"] = errors_before(interpreter, details) if details else {}
    interpreter.allocate_tensors()
    result["allocated"] = plain(interpreter.get_output_details())
    result["after"] = errors_after(interpreter, details) if details else {}
    for number, x in enumerate(details):
        interpreter.set_tensor(x["index"], filled(x, number))
    interpreter.invoke()
    result["results"] = [str(interpreter.get_tensor(y["index"]).shape) for y in interpreter.get_output_details()]
    return result


def main(arguments):
    module = importlib.import_module(arguments[0])
    for path in arguments[1:]:
        try:
            result = describe(module, path)
        except Exception as error:  # compared like everything else
            result = {"failed": [type(error).__mro__[-3 if len(type(error).__mro__) > 3 else 0].__name__, str(error)[:300]]}
        print("RESULT " + json.dumps([path, result]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
