# op_runners.py: runs models in the peer's resolvers and in this library, each in a process that may die; judges results.
# SPDX-License-Identifier: Apache-2.0
"""As a program it is the process: op_runners.py PACKAGE reads pickled (resolver, model, runs) from standard input and
answers (results, error)."""
import os
import pickle
import select
import struct
import subprocess
import sys

import numpy as np

PEER, OURS = "ai_edge_litert.interpreter", "litert"
RESOLVERS = ("BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "AUTO")
SHORT = dict(zip(RESOLVERS, ("ref", "opt", "xnn")))
SECONDS = 30


def run_model(module, resolver, model, feeds):
    """Results of each run; a result is an array as the interpreter shows it."""
    kind = getattr(module.OpResolverType, resolver)
    interpreter = module.Interpreter(model_content=model, experimental_op_resolver_type=kind, num_threads=1)
    inputs = interpreter.get_input_details()
    results = []
    for number, feed in enumerate(feeds):
        resized = False
        for details, value in zip(inputs, feed):
            if list(details["shape"]) != list(value.shape):
                interpreter.resize_tensor_input(details["index"], value.shape)
                resized = True
        if number == 0 or resized:
            interpreter.allocate_tensors()
            inputs = interpreter.get_input_details()
        for details, value in zip(inputs, feed):
            if value.size:
                interpreter.set_tensor(details["index"], value)
        interpreter.invoke()
        results.append([fetch(interpreter, details) for details in interpreter.get_output_details()])
    return results


def fetch(interpreter, details):
    """A result as an array; the peer does not hand out empty ones."""
    if 0 in details["shape"]:
        return np.zeros(details["shape"], details["dtype"])
    return np.array(interpreter.get_tensor(details["index"]))


def serve(package):
    import importlib
    import warnings
    warnings.simplefilter("ignore")
    module = importlib.import_module(package)
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    source = sys.stdin.buffer
    while True:
        head = source.read(8)
        if len(head) < 8:
            return
        resolver, model, feeds = pickle.loads(source.read(struct.unpack("<Q", head)[0]))
        try:
            answer = (run_model(module, resolver, model, feeds), None)
        except Exception as error:  # whatever the interpreter says is an answer
            answer = (None, f"{type(error).__name__}: {error}"[-400:])
        for array in (a for run in (answer[0] or []) for a in run):
            if array.dtype.kind == "V" or array.dtype.name.startswith(("bfloat", "float8")):
                answer = ([[plain(a) for a in run] for run in answer[0]], None)
                break
        data = pickle.dumps(answer)
        channel.write(struct.pack("<Q", len(data)) + data)
        channel.flush()


def plain(a):
    """Types that numpy lacks as their bits."""
    if a.dtype.kind == "V" or a.dtype.name.startswith(("bfloat", "float8")):
        return a.view({1: "u1", 2: "u2"}[a.dtype.itemsize])
    return a


class Runner:
    """One process; a new one after a crash or a hang."""

    def __init__(self, package, environment=None):
        self.package, self.process = package, None
        self.environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})}

    def run(self, resolver, model, feeds):
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen([sys.executable, __file__, self.package], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.environment)
        data = pickle.dumps((resolver, model, feeds))
        try:
            self.process.stdin.write(struct.pack("<Q", len(data)) + data)
            self.process.stdin.flush()
            size = struct.unpack("<Q", self._read(8))[0]
            return pickle.loads(self._read(size))
        except (EOFError, BrokenPipeError):
            code = self.close()
            return None, f"CRASH {code}"
        except TimeoutError:
            self.close()
            return None, "HANG"

    def _read(self, size):
        data = b""
        while len(data) < size:
            ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
            if not ready:
                raise TimeoutError
            more = os.read(self.process.stdout.fileno(), size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def close(self):
        if self.process is None:
            return 0
        self.process.kill()
        code = self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None
        return code


def distance(got, want):
    """(largest difference, largest magnitude of `want`); infinite where shapes, NaN or infinities differ."""
    if got.shape != want.shape:
        return np.inf, 0.0
    if got.dtype == object or want.dtype == object or got.dtype.kind == "S":
        texts = [[t if isinstance(t, bytes) else str(t).encode() for t in np.ravel(a)] for a in (got, want)]
        return (0.0 if texts[0] == texts[1] else np.inf), 0.0
    if got.size == 0:
        return 0.0, 0.0
    if got.dtype.kind == "c":
        parts = [distance(getattr(got, p), getattr(want, p)) for p in ("real", "imag")]
        return max(p[0] for p in parts), max(p[1] for p in parts)
    if got.dtype.kind in "biu" and want.dtype.kind in "biu":
        different = got != want
        if not different.any():
            return 0.0, 0.0
        return float(max(abs(int(a) - int(b)) for a, b in zip(got[different].ravel(), want[different].ravel()))), 0.0
    a, b = got.astype("f8"), want.astype("f8")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.abs(b[np.isfinite(b)])
    largest = float(finite.max()) if finite.size else 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.where(same, 0, a - b))
    return (np.inf if np.isnan(apart).any() else float(apart.max())), largest


def within(got, want, allowed):
    """Whether results are as close as a Case allows: "0", "1" (units); of floats a fraction, or "@" and a difference."""
    if got is None or len(got) != len(want):
        return False
    absolute = allowed.startswith("@")
    allowed = float(allowed.lstrip("@"))
    for one, other in zip((a for run in got for a in run), (a for run in want for a in run)):
        worst, largest = distance(one, other)
        is_float = other.dtype.kind in "fc"
        limit = allowed if absolute else allowed * (largest + 1) if is_float else allowed if allowed >= 1 else 0
        if worst > limit:
            return False
    return True


def worst(got, want):
    if got is None:
        return "nothing"
    pairs = list(zip((a for run in got for a in run), (a for run in want for a in run)))
    return max((distance(a, b)[0] for a, b in pairs), default=0)


class Peer:
    def __init__(self):
        self.runner = Runner(PEER)

    def results(self, case):
        """{short name: (results, error)} of the resolvers."""
        model = case.bytes()
        found = {}
        for resolver in RESOLVERS:
            found[SHORT[resolver]] = self.runner.run(resolver, model, case.feeds)
        return found

    def judge(self, case):
        """Sets case.wants and case.source, or returns why there is no golden."""
        said = self.results(case)
        agree = case.fast if float(case.fast.lstrip("@")) >= 1e-4 else "1e-4"
        names = [n for n in ("ref", "opt", "xnn")
                 if said[n][0] is not None and (case.trust is None or n in case.trust)]
        golden = None
        if case.trust is not None and len(case.trust) == 1 and names:
            golden = names[0]
        for name in names if golden is None else ():
            if any(within(said[other][0], said[name][0], agree) for other in names if other != name):
                golden = name
                break
        if golden is None and case.oracle is not None:
            case.source, values = "numpy", [case.oracle(feed) for feed in case.feeds]
        elif golden is None:
            errors = {n: (said[n][1] if said[n][0] is None else "other results") for n in said}
            refused = all(said[n][0] is None and not said[n][1].startswith(("CRASH", "HANG")) for n in said)
            return f"{'refused' if refused else 'no two agree'}: {errors}"
        else:
            case.source, values = golden, said[golden][0]
        kinds = [case.main.tensors[i].kind for i in case.main.outputs]
        case.wants = [[(k, shown(k, v)) for k, v in zip(kinds, run)] for run in values]
        return None


def shown(kind, value):
    """A result as the storage of its type: float8 shows as int8 in the peer."""
    if kind.startswith("float8"):
        return np.asarray(value).view("u1")
    return np.asarray(value)


if __name__ == "__main__":
    serve(sys.argv[1])
