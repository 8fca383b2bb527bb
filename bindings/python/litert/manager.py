# manager.py: LiteRTManager: load a model, hand it arrays, get arrays.
# SPDX-License-Identifier: Apache-2.0
"""The shortest way to run a model.

    from litert import LiteRTManager
    with LiteRTManager() as manager:
        manager.load_model("model.tflite")
        result = manager.generate({"input": array})["output"]
        manager.load_model("model.litertlm")
        for piece in manager.generate({"prompt": "Hello!"}, stream=True):
            print(piece, end="")
"""
from __future__ import annotations

import threading
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from . import _language, _models, _tensors, errors
from ._language import Language
from ._log import logger
from ._tensors import Array
from ._wrapper import InterpreterWrapper
from .engine import Engine

__all__ = ["LiteRTManager"]

_MODES = {None: 0, "fast": 1, "ref": 2}
_NAMES_OF_MODES = {number: name for name, number in _MODES.items()}
_said_no_gpu = threading.Event()


class _Port(NamedTuple):
    """An input or output: its name, its tensor and what the file says of it."""

    name: str
    tensor: int
    info: Dict[str, Any]


class _Arguments(NamedTuple):
    """What load_model was called with."""

    path: _models.PathLike
    threads: int
    mode: int
    signature: Optional[str]
    warmup: int
    profile: bool
    tokenizer: Optional[_models.PathLike]
    chat_template: Optional[str]
    max_context: Optional[int]


class _Session:
    """A loaded model with one of its signatures chosen."""

    def __init__(self, arguments: _Arguments) -> None:
        self.model = _models.open_file(arguments.path)
        self.wrapper = InterpreterWrapper(self.model, arguments.threads, arguments.mode, False, arguments.profile)
        self.subgraph, self.inputs, self.outputs = self._choose(arguments.signature)

    def _choose(self, wanted: Optional[str]) -> Tuple[int, List[_Port], List[_Port]]:
        """The ports of the signature with that key; without one, of the main subgraph."""
        native = self.model.native
        main = native.subgraph(0)
        for key, subgraph, inputs, outputs in native.signatures():
            # Without a key: the signature of the main subgraph, in that graph's own order of inputs and outputs.
            if key == wanted or (wanted is None and subgraph == 0):
                order = native.subgraph(subgraph)
                return subgraph, self._ports(subgraph, inputs, order["inputs"]), self._ports(
                    subgraph, outputs, order["outputs"])
        if wanted is not None:
            known = ", ".join(key for key, _, _, _ in native.signatures()) or "none"
            raise errors.InvalidArgumentError(f"the model has no signature {wanted!r}; it has: {known}")
        names = {tensor: native.tensor(0, tensor)["name"] for tensor in main["inputs"] + main["outputs"]}
        return 0, self._ports(0, {names[t]: t for t in main["inputs"]}, main["inputs"]), self._ports(
            0, {names[t]: t for t in main["outputs"]}, main["outputs"])

    def _ports(self, subgraph: int, names: Dict[str, int], order: Tuple[int, ...]) -> List[_Port]:
        ports = [_Port(name, tensor, self.model.native.tensor(subgraph, tensor)) for name, tensor in names.items()]
        return sorted(ports, key=lambda port: order.index(port.tensor) if port.tensor in order else len(order))

    def find(self, given: Mapping[str, Any]) -> Dict[int, Array]:
        """The given arrays by tensor index."""
        known: Dict[str, _Port] = {port.info["name"]: port for port in self.inputs}
        known.update({port.name: port for port in self.inputs})
        if self.inputs:
            known.setdefault("input", self.inputs[0])
        found: Dict[int, Array] = {}
        for name, value in given.items():
            if name not in known:
                names = ", ".join(port.name for port in self.inputs) or "none"
                raise errors.InvalidArgumentError(f"the model has no input {name!r}; its inputs are: {names}")
            port = known[name]
            if port.tensor in found:
                raise errors.InvalidArgumentError(f"input {port.name!r} is given twice")
            found[port.tensor] = _converted(port, value)
        missing = [port.name for port in self.inputs if port.tensor not in found]
        if missing:
            raise errors.InvalidArgumentError(f"no value is given for input {', '.join(map(repr, missing))}")
        return found

    def shape(self, tensor: int) -> Tuple[int, ...]:
        """Present shape of a tensor."""
        return self.wrapper.native.tensor(self.subgraph, tensor)[1]

    def run_once(self, arrays: Dict[int, Array]) -> Dict[str, Array]:
        """One run with arrays of any shapes that the model takes."""
        for tensor, array in arrays.items():
            self.wrapper.ResizeInputTensor(tensor, np.array(array.shape, dtype=np.int32), False, self.subgraph)
        self.wrapper.AllocateTensors(self.subgraph)
        for tensor, array in arrays.items():
            self.wrapper.SetTensor(tensor, array, self.subgraph)
        self.wrapper.Invoke(self.subgraph)
        return {port.name: self.wrapper.GetTensor(port.tensor, self.subgraph) for port in self.outputs}

    def run(self, arrays: Dict[int, Array]) -> Dict[str, Array]:
        """One run where shapes fit or may change, else one run per piece of the batch."""
        misfits = self._misfits(arrays)
        if not misfits:
            return self.run_once(arrays)
        before = {port.tensor: self.shape(port.tensor) for port in self.inputs}
        if all(_may_become(port.info, arrays[port.tensor].shape) for port in misfits):
            try:
                return self.run_once(arrays)
            except errors.ShapeError as error:
                failure: errors.LitertError = error
                for tensor, shape in before.items():
                    self.wrapper.ResizeInputTensor(tensor, np.array(shape, dtype=np.int32), False, self.subgraph)
                logger.info("the model cannot be resized, running piece by piece: %s", error)
        else:
            failure = _shape_error(misfits[0], arrays[misfits[0].tensor].shape)
        return self._run_pieces(arrays, misfits, failure)

    def _misfits(self, arrays: Dict[int, Array]) -> List[_Port]:
        return [port for port in self.inputs if arrays[port.tensor].shape != self.shape(port.tensor)]

    def _run_pieces(self, arrays: Dict[int, Array], misfits: List[_Port], failure: errors.LitertError
                    ) -> Dict[str, Array]:
        """Cuts the misfitting inputs along the first dimension into the size that the model has, runs each piece
        and joins the outputs along the first dimension."""
        pieces = {_piece_count(arrays[port.tensor].shape, port.info["shape"]) for port in misfits}
        if len(pieces) != 1 or None in pieces:
            raise failure
        count = pieces.pop() or 0
        results: List[Dict[str, Array]] = []
        for number in range(count):
            piece = dict(arrays)
            for port in misfits:
                size = port.info["shape"][0]
                piece[port.tensor] = arrays[port.tensor][number * size:(number + 1) * size]
            results.append(self.run_once(piece))
        return {name: _joined([result[name] for result in results], misfits[0].info["shape"][0])
                for name in results[0]}


def _piece_count(given: Tuple[int, ...], fixed: Tuple[int, ...]) -> Optional[int]:
    """How many pieces of the fixed shape a batch consists of; None where it is no such batch."""
    fits = len(given) == len(fixed) > 0 and given[1:] == tuple(fixed[1:]) and fixed[0] > 0
    return given[0] // fixed[0] if fits and given[0] > 0 and given[0] % fixed[0] == 0 else None


def _may_become(info: Dict[str, Any], shape: Tuple[int, ...]) -> bool:
    """Whether the file leaves open every dimension in which a shape differs."""
    signature = info["shape_signature"]
    return len(signature) == len(shape) and all(s in (-1, d) for s, d in zip(signature, shape))


def _joined(parts: List[Array], batch: int) -> Array:
    if all(part.ndim > 0 and part.shape[0] == batch for part in parts):
        return np.concatenate(parts, axis=0)
    return np.stack(parts)


def _shape_error(port: _Port, shape: Tuple[int, ...]) -> errors.ShapeError:
    return errors.ShapeError(
        f"input {port.name!r} has the shape {tuple(port.info['shape_signature'])}, {tuple(shape)} was given")


def _converted(port: _Port, value: Any) -> Array:
    """An array of the input's type, if every value keeps its meaning: Python numbers, wider floats, smaller integers."""
    array: Array = np.asarray(value)
    kind = port.info["type"]
    if _tensors.is_of_type(array, kind):
        return array
    wanted = _tensors.CLASSES[kind]
    if kind != _tensors.STRING and wanted is not None and array.dtype.kind in "biufc":
        target = np.dtype(wanted)
        if array.dtype.kind in "fc" and np.can_cast(array.dtype, target, "same_kind"):
            return array.astype(target)
        if array.dtype.kind in "biu" and target.kind in "fc":
            return array.astype(target)
        if array.dtype.kind in "iu" and target.kind in "iu":
            narrow = array.astype(target)
            if np.array_equal(narrow, array):
                return narrow
    hint = ""
    if len(port.info["quant"]["scales"]) == 1 and array.dtype.kind == "f":
        hint = f"; quantize it first: value / {port.info['quant']['scales'][0]} + {port.info['quant']['zero_points'][0]}"
    raise errors.InvalidArgumentError(
        f"input {port.name!r} takes {_tensors.NAMES[kind]}, {array.dtype} was given{hint}")


class LiteRTManager:
    """Loads one model and runs it on dictionaries of arrays.

    A manager may be used from several threads; its runs then wait for each other. Several managers of one file share
    its weights, and may run at the same time. Use it as a context manager, or call :meth:`unload`.

    Args:
        strict: False makes :meth:`load_model` return False instead of raising; the reason is in :attr:`last_error`.
    """

    def __init__(self, strict: bool = True) -> None:
        self.last_error: Optional[Exception] = None
        self._strict = strict
        self._lock = threading.RLock()
        self._arguments: Optional[_Arguments] = None
        self._session: Optional[_Session] = None
        self._model: Optional[_models.Model] = None
        self._language: Optional[Language] = None
        self._no_language: Optional[errors.LitertError] = None
        self._notes: List[str] = []

    def load_model(
        self,
        model_path: _models.PathLike,
        use_xnnpack: bool = True,
        use_gpu: bool = False,
        num_threads: Optional[int] = None,
        *,
        signature: Optional[str] = None,
        mode: Optional[str] = None,
        warmup: int = 0,
        lazy: bool = False,
        profile: bool = False,
        strict: Optional[bool] = None,
        tokenizer: Optional[_models.PathLike] = None,
        chat_template: Optional[str] = None,
        max_context: Optional[int] = None,
    ) -> bool:
        """Loads a model in place of the one loaded before.

        Args:
            model_path: a .tflite file, or a .litertlm or .task bundle that has one inside.
            use_xnnpack: accepted for scripts that set it; the runtime has its own kernels.
            use_gpu: run on a GPU; without one the CPU is used, which is said once.
            num_threads: threads for kernels; None = the cores this process may use.
            signature: key of the signature to run; None = the main graph.
            mode: "fast", "ref" (scalar reference kernels), or None for the default.
            warmup: runs on zeros before this returns.
            lazy: load at the first :meth:`generate`.
            profile: measure every operator; :meth:`explain` then shows times.
            strict: overrides the constructor's.
            tokenizer: language models: a tokenizer.json or SentencePiece model, for a .tflite file or instead of the
                bundle's.
            chat_template: language models: Jinja text instead of the bundle's.
            max_context: language models: use at most so many positions; None = all that the model has.

        Returns:
            True; False only where strict is off and loading failed.

        Raises:
            FileNotFoundError, OSError: no such file, or it cannot be read.
            ValueError: the file is not a valid model, or an argument is not valid.
            NotImplementedError, RuntimeError, MemoryError: the model cannot be planned or run here.
        """
        self.unload()
        self.last_error = None
        try:
            self._load(_arguments(model_path, num_threads, mode, signature, warmup, profile, tokenizer, chat_template,
                                  max_context), use_xnnpack, use_gpu, lazy)
        except (errors.LitertError, OSError, MemoryError) as error:
            self.unload()
            self.last_error = error
            if self._strict if strict is None else strict:
                raise
            return False
        return True

    def _load(self, arguments: _Arguments, use_xnnpack: bool, use_gpu: bool, lazy: bool) -> None:
        with self._lock:
            self._arguments = arguments
            self._notes = []
            if use_gpu:
                self._notes.append("use_gpu: no GPU back end is part of this build, running on the CPU")
                if not _said_no_gpu.is_set():
                    _said_no_gpu.set()
                    logger.warning(self._notes[-1])
            if not use_xnnpack:
                self._notes.append("use_xnnpack=False: no effect, the kernels are the runtime's own")
            if not lazy:
                self._prepare()

    def _prepare(self) -> None:
        """Loads the model: as a language model where it is one, else for arrays."""
        language = self._find_language()
        if language is None:
            self._need()
        elif self._arguments is not None:
            language.warm_up(self._arguments.warmup)

    def _find_language(self) -> Optional[Language]:
        """The language model, loaded now where that was put off; None where the file is none."""
        arguments = self._arguments
        if self._language is not None or arguments is None or self._no_language is not None:
            return self._language
        self._model = _models.open_file(arguments.path)  # kept: what follows finds it open
        wanted = arguments.tokenizer is not None or arguments.chat_template is not None
        if arguments.signature is not None or not (wanted or _language.is_likely(self._model)):
            self._no_language = errors.UnsupportedError("the model that is loaded is no language model: no signature of it "
                                                        "takes tokens")
            return None
        try:
            self._language = Language(arguments.path, arguments.threads, _NAMES_OF_MODES[arguments.mode],
                                      arguments.tokenizer, arguments.chat_template, arguments.max_context)
        except (errors.UnsupportedError, errors.InvalidModelError) as error:
            # Signatures that take tokens do not make a language model; a bundle with a tokenizer promises to be one.
            if wanted or not _language.is_bare(arguments.path):
                raise
            self._no_language = error
        return self._language

    def _need(self) -> _Session:
        """The session, loaded now where that was put off."""
        if self._session is None:
            if self._arguments is None:
                raise errors.WrongStateError("no model is loaded; call load_model first")
            session = _Session(self._arguments)
            session.wrapper.AllocateTensors(session.subgraph)
            for _ in range(self._arguments.warmup):
                session.wrapper.Invoke(session.subgraph)
            self._session = session
        return self._session

    def generate(self, inputs: Mapping[str, Any], *, stream: bool = False, **options: Any) -> Any:
        """Runs the model on arrays by name and returns every output by name, or answers a prompt.

        **Language models** take one of {"prompt": text}, {"messages": [{"role": …, "content": …}, …]} and {"input": ids}.
        Prompts and messages go through the model's chat template (``template=False``: the prompt is continued as it is;
        a model without a template does that anyway). The result has "text" (also as "output"), "ids", "prompt_ids",
        "finish_reason" ("stop", "stop_text", "length", "context", "cancelled") and "timings" (seconds and counts of
        tokens). For ``input``, [n] or [B, n] whole numbers, or a list of lists: "output" is int32 [B, m], the ids chosen
        for each sequence, shorter ones filled up with the pad or stop id; "lengths" is int32 [B]; the other entries are
        lists of B. Each call stands alone, but what it begins with need not be computed again when the call before began
        with the same.

        With ``stream=True`` the result is a :class:`litert.Stream` of pieces of text, whole UTF-8 characters, for ``for``
        and ``async for``. Options: ``max_tokens`` (None = until the model stops or the context is full), ``temperature``,
        ``top_k``, ``top_p``, ``min_p``, ``seed``, ``stop``, ``system`` (a message), ``tools``, ``extra_context``, and what
        :class:`litert.Session` lists.

        **Other models** take arrays. Names are those of the signature, or of the tensors; ``input`` also means the only or first input, whatever
        its name, and the first output is also found as ``output``. A batch of N where the model has a fixed first
        dimension runs piece by piece and is joined. Numbers are converted where they keep their values.

        Raises:
            ValueError: an unknown or missing name, an array of another type or shape, an unknown option, a text longer
                than the context.
            RuntimeError: nothing is loaded, or the run failed.
            OverBudgetError (MemoryError): the context is full before ``max_tokens``; its ``answer`` has what came before.
        """
        if not isinstance(inputs, Mapping):
            raise errors.InvalidArgumentError(
                f'generate takes a dictionary such as {{"input": array}}, not {type(inputs).__name__}')
        with self._lock:
            language = self._language_for(inputs, stream, options)
            if language is not None:
                return language.generate(inputs, stream, options)
            session = self._need()
            result = session.run(session.find(inputs))
        if session.outputs:
            result.setdefault("output", result[session.outputs[0].name])
        return result

    async def generate_async(self, inputs: Mapping[str, Any], **options: Any) -> Any:
        """:meth:`generate` of a language model for ``await``; cancelling the task stops the model."""
        if self._language is None:
            with self._lock:
                self._find_language()
        language = self._language_for(inputs, True, options)
        assert language is not None
        return await language.generate_async(inputs, options)

    def _language_for(self, inputs: Mapping[str, Any], needed: bool, options: Mapping[str, Any]) -> Optional[Language]:
        """The language model, where these inputs are for one."""
        language = self._find_language()
        if self._arguments is None:
            raise errors.WrongStateError("no model is loaded; call load_model first")
        if language is not None and inputs and all(name in _language.KEYS for name in inputs):
            return language
        asked = needed or bool(options) or any(isinstance(inputs.get(name), str) for name in ("prompt", "input"))
        if not asked and language is None and "messages" not in inputs:
            return None
        if not asked and self._model is not None and any(name in _language.input_names(self._model) for name in inputs):
            return None
        if language is None:
            raise self._no_language or errors.UnsupportedError("the model is no language model")
        raise errors.InvalidArgumentError(
            f'a language model takes one of "prompt", "messages" and "input", not {", ".join(map(repr, inputs)) or "nothing"}')

    def cancel(self) -> None:
        """From any thread: ends the answers of a language model that are under way, with finish_reason "cancelled"."""
        language = self._language
        if language is not None:
            language.cancel()

    @property
    def engine(self) -> Engine:
        """The engine of a language model, for sessions and conversations of one's own.

        Raises:
            UnsupportedError (NotImplementedError, ValueError): the model is no language model.
        """
        with self._lock:
            language = self._find_language()
            if language is None and self._arguments is None:
                raise errors.WrongStateError("no model is loaded; call load_model first")
            if language is None:
                raise self._no_language or errors.UnsupportedError("the model is no language model")
            return language.engine

    def unload(self) -> None:
        """Lets go of the model; its memory is freed when no other manager or interpreter uses it."""
        with self._lock:
            self._session = None
            self._model = None
            self._arguments = None
            self._language = None
            self._no_language = None

    def memory(self) -> Dict[str, int]:
        """Bytes: ``mapped`` (the file) and ``packed`` (repacked weights), both shared by all users of the file;
        ``arena`` (activations), ``in_use`` and ``peak`` (everything of this manager)."""
        with self._lock:
            language = self._find_language()
            if language is not None:
                return language.engine.memory()
            session = self._need()
            own = session.wrapper.native.memory()
            native = session.model.native
            return {"mapped": native.file_bytes, "packed": native.packed_bytes, "arena": own["arena"],
                    "in_use": own["in_use"], "peak": own["peak"]}

    @property
    def is_loaded(self) -> bool:
        """Whether a model is loaded (or will be at first use, with ``lazy``)."""
        return self._arguments is not None

    @property
    def backend(self) -> str:
        """What the model runs on: always "cpu" in this build."""
        return "cpu"

    @property
    def inputs(self) -> Dict[str, Tuple[str, Tuple[int, ...]]]:
        """{name: (type, shape)} of the inputs, -1 for dimensions that may change."""
        return _described(self._need().inputs)

    @property
    def outputs(self) -> Dict[str, Tuple[str, Tuple[int, ...]]]:
        """{name: (type, shape)} of the outputs, -1 for dimensions that may change."""
        return _described(self._need().outputs)

    def explain(self) -> str:
        """What runs how: one line per operator with its kernel (language models: what goes in), and why options had no
        effect."""
        with self._lock:
            language = self._find_language()
            if language is not None:
                return "\n".join([language.explain(), *self._notes])
            session = self._need()
            native = session.wrapper.native
            lines = [f"model {session.model.native.name}, backend {self.backend}, threads {native.threads}"]
            lines += self._notes
            for step in native.steps(session.subgraph):
                name = f"{step['name']} (in {step['within']})" if step["within"] else step["name"]
                spent = f"  {step['seconds'] / step['calls'] * 1e3:.3f} ms" if step["seconds"] and step["calls"] else ""
                lines.append(f"{step['node']:4d}  {name:28s} {step['kernel'] or '-':28s} {step['note']}{spent}".rstrip())
        return "\n".join(lines)

    def __enter__(self) -> "LiteRTManager":
        return self

    def __exit__(self, *unused: object) -> None:
        self.unload()


def _described(ports: List[_Port]) -> Dict[str, Tuple[str, Tuple[int, ...]]]:
    return {port.name: (_tensors.NAMES[port.info["type"]], tuple(port.info["shape_signature"])) for port in ports}


def _arguments(path: _models.PathLike, threads: Optional[int], mode: Optional[str], signature: Optional[str],
               warmup: int, profile: bool, tokenizer: Optional[_models.PathLike] = None,
               chat_template: Optional[str] = None, max_context: Optional[int] = None) -> _Arguments:
    if mode not in _MODES:
        raise errors.InvalidArgumentError(f"mode is 'fast' or 'ref', not {mode!r}")
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise errors.InvalidArgumentError(f"num_threads is a number from 1 on, not {threads!r}")
    return _Arguments(path, -1 if threads is None else threads, _MODES[mode], signature, warmup, profile, tokenizer,
                      chat_template, max_context)
