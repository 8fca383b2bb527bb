# _wrapper.py: what the classic Interpreter does on the native one, under the names that tools call directly.
# SPDX-License-Identifier: Apache-2.0
"""The object behind ``Interpreter._interpreter``.

Quantizers and calibrators reach through :class:`litert.Interpreter` for it, so its methods keep their usual names.
"""
from __future__ import annotations

from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from . import _core, _log, _models, _tensors, errors
from ._tensors import Array
from .custom import OperatorSet
from .delegate import Delegate

Indices = npt.NDArray[np.int32]

VIEW_HELD = (
    "There is at least 1 reference to internal data\n"
    "      in the interpreter in the form of a numpy array or slice. Be sure to\n"
    "      only hold the function returned from tensor() if you are using raw\n"
    "      data access."
)


_BLOCK_KINDS = (2, 3)  # blockwise, several axes


class _TensorMissing(errors.InvalidArgumentError, RuntimeError):
    """A tensor index out of range, where scripts catch ValueError or RuntimeError."""


class InterpreterWrapper:
    """One native interpreter; every method takes file indices of tensors and subgraphs."""

    def __init__(self, model: _models.Model, threads: int, mode: int, preserve: bool, profile: bool = False,
                 delegates: Sequence[Delegate] = (), operators: Optional[OperatorSet] = None) -> None:
        _log.follow_logger()
        self._model = model
        self._operators = operators
        self._options: Dict[str, Any] = {"mode": mode, "preserve": preserve, "profile": profile,
                                         "delegates": tuple(delegate._native for delegate in delegates),
                                         "operators": operators.native if operators is not None else None}
        self._native = _core.Interpreter(model.native, threads=threads, **self._options)
        self._subgraphs = [model.native.subgraph(i) for i in range(model.native.subgraph_count)]
        self._signatures = {key: (subgraph, inputs, outputs)
                            for key, subgraph, inputs, outputs in model.native.signatures()}
        self._ports = [set(subgraph["inputs"] + subgraph["outputs"]) for subgraph in self._subgraphs]
        self._infos: Dict[Tuple[int, int], Dict[str, Any]] = {}
        # Arrays over memory that was looked up before; never handed out, used only while it is still the memory.
        self._known: Dict[Tuple[int, int], Tuple[_core.View, Array]] = {}

    @property
    def native(self) -> _core.Interpreter:
        """The native interpreter."""
        return self._native

    # ---- checks ----

    def _check(self, tensor_index: int, subgraph_index: int) -> None:
        count = len(self._subgraphs)
        if not 0 <= subgraph_index < count:
            raise errors.InvalidArgumentError(
                f"Invalid subgraph index {subgraph_index} exceeds max subgraph index {count}")
        tensors = self._subgraphs[subgraph_index]["tensors"]
        if not 0 <= tensor_index < tensors:
            raise _TensorMissing(f"Invalid tensor index {tensor_index} exceeds max tensor index {tensors}")

    def _raise(self, error: errors.LitertError) -> NoReturn:
        """Raises a failure of planning or running, with what a custom operator raised as its cause."""
        cause = self._operators.native.take_error() if self._operators is not None else None
        if cause is not None and not isinstance(cause, Exception):
            raise cause  # KeyboardInterrupt and the like
        raise errors.as_runtime_error(error) from cause

    def ensure_safe(self) -> None:
        """Raises while somebody holds an array over the memory that a call may move."""
        if self._native.views > 0:
            raise errors.WrongStateError(VIEW_HELD)

    def _info(self, tensor_index: int, subgraph_index: int) -> Dict[str, Any]:
        found = self._infos.get((subgraph_index, tensor_index))
        if found is None:
            self._check(tensor_index, subgraph_index)
            found = self._model.native.tensor(subgraph_index, tensor_index)
            if tensor_index in self._ports[subgraph_index]:
                self._infos[subgraph_index, tensor_index] = found
        return found

    def _memory(self, tensor_index: int, subgraph_index: int) -> Optional[Array]:
        """An array over the memory of a tensor for use within a call; None where numpy cannot show it as it is."""
        key = (subgraph_index, tensor_index)
        known = self._known.get(key)
        if known is not None and self._native.shows(known[0], subgraph_index, tensor_index):
            return known[1]
        self._check(tensor_index, subgraph_index)
        kind, shape, view = self._native.tensor(subgraph_index, tensor_index, False)
        if view is None or not _tensors.has_live_view(kind):
            return None
        array = _tensors.live(view, kind, shape)
        self._known[key] = view, array
        return array

    # ---- running ----

    def AllocateTensors(self, subgraph_index: int = 0) -> None:
        """Plans a subgraph and gets its memory."""
        if self._native.is_allocated(subgraph_index):
            return
        self.ensure_safe()
        try:
            self._native.allocate(subgraph_index)
        except errors.LitertError as error:
            self._raise(error)

    def Invoke(self, subgraph_index: int = 0) -> None:
        """Runs a subgraph once."""
        if not self._native.is_allocated(subgraph_index):
            raise errors.WrongStateError("Invoke called on model that is not ready.")
        self.ensure_safe()
        try:
            self._native.invoke(subgraph_index)
        except errors.LitertError as error:
            self._raise(error)

    def ResetVariableTensors(self) -> None:
        """Sets every variable tensor back to zero."""
        self._native.reset_variables()

    def SetNumThreads(self, num_threads: int) -> None:
        """Makes a new native interpreter with that many threads; tensors must be allocated again."""
        if num_threads < 1 and num_threads != -1:
            raise errors.InvalidArgumentError("num_threads should be >= 1 or -1")
        if num_threads == self._native.threads:
            return
        self.ensure_safe()
        old = self._native
        new = _core.Interpreter(self._model.native, threads=num_threads, **self._options)
        for number, subgraph in enumerate(self._subgraphs):
            for tensor in subgraph["inputs"]:
                new.resize(number, tensor, old.tensor(number, tensor)[1], False)
            if old.is_allocated(number):
                new.allocate(number)
        self._native = new
        self._known.clear()

    def ResizeInputTensor(self, tensor_index: int, size: Indices, strict: bool = False,
                          subgraph_index: int = 0) -> None:
        """Gives an input another shape; other tensors are left as they are."""
        if not isinstance(size, np.ndarray) or size.dtype != np.int32:
            kind = "unknown" if not isinstance(size, np.ndarray) else str(size.dtype.num)
            raise errors.InvalidArgumentError(f"Shape must be type int32 (was {kind}).")
        self._check(tensor_index, subgraph_index)
        if size.ndim != 1:
            raise errors.InvalidArgumentError(f"Shape should be 1D instead of {size.ndim}D.")
        shape = tuple(size.tolist())
        if strict:
            self._check_strict(tensor_index, subgraph_index, shape)
        if tensor_index not in self._subgraphs[subgraph_index]["inputs"]:
            return
        if self._native.tensor(subgraph_index, tensor_index)[1] == shape:
            return
        self.ensure_safe()
        try:
            self._native.resize(subgraph_index, tensor_index, shape, False)
        except errors.LitertError as error:
            raise errors.as_runtime_error(error) from None

    def _check_strict(self, tensor_index: int, subgraph_index: int, shape: Tuple[int, ...]) -> None:
        present = self._native.tensor(subgraph_index, tensor_index)[1]
        signature = self._info(tensor_index, subgraph_index)["shape_signature"]
        if len(present) != len(shape):
            raise errors.ShapeError(
                f"Attempting to resize tensor {tensor_index} from {len(present)} to {len(shape)} dimensions. "
                "ResizeInputTensorStrict only allows mutating unknown dimensions identified by -1.")
        for axis, (now, wanted) in enumerate(zip(present, shape)):
            known = axis >= len(signature) or signature[axis] != -1
            if known and now != wanted:
                raise errors.ShapeError(
                    f"Attempting to resize dimension {axis} of tensor {tensor_index} with value {now} to {wanted}. "
                    "ResizeInputTensorStrict only allows mutating unknown dimensions identified by -1.")

    # ---- contents ----

    def SetTensor(self, i: int, value: Any, subgraph_index: int = 0) -> None:
        """Copies an array of the tensor's shape and type into it."""
        memory = self._memory(i, subgraph_index)
        array: Array = np.asarray(value)
        if memory is not None and memory.dtype == array.dtype and memory.shape == array.shape and memory.flags.writeable:
            memory[...] = array
            return
        kind, shape, view = self._native.tensor(subgraph_index, i)
        if not _tensors.is_of_type(array, kind):
            name = self._info(i, subgraph_index)["name"]
            raise errors.InvalidArgumentError(
                f"Cannot set tensor: Got value of type {_tensors.type_name(array)} but expected type "
                f"{_tensors.NAMES[kind].upper()} for input {i}, name: {name} ")
        if array.ndim != len(shape):
            raise errors.InvalidArgumentError(
                f"Cannot set tensor: Dimension mismatch. Got {array.ndim} but expected {len(shape)} for input {i}.")
        for axis, (given, wanted) in enumerate(zip(array.shape, shape)):
            if given != wanted:
                raise errors.InvalidArgumentError(
                    f"Cannot set tensor: Dimension mismatch. Got {given} but expected {wanted} for dimension {axis} "
                    f"of input {i}.")
        if view is None and (kind != _tensors.STRING or not self._native.is_allocated(subgraph_index)):
            raise errors.InvalidArgumentError(
                "Cannot set tensor: Tensor is unallocated. Try calling allocate_tensors() first")
        if kind == _tensors.STRING:
            self._native.set_strings(subgraph_index, i, _tensors.strings_of(array))
            return
        assert view is not None
        if memory is not None and not memory.flags.writeable:
            raise errors.InvalidArgumentError(f"Cannot set tensor: tensor {i} is a constant of the model")
        _tensors.write(view, kind, array)

    def GetTensor(self, tensor_index: int, subgraph_index: int = 0) -> Array:
        """A copy of the contents of a tensor."""
        memory = self._memory(tensor_index, subgraph_index)
        if memory is not None:
            return memory.copy()
        kind, shape, view = self._native.tensor(subgraph_index, tensor_index)
        if view is None:
            raise errors.InvalidArgumentError("Tensor data is null. Run allocate_tensors() first")
        return _tensors.read(view, kind, shape)

    def tensor(self, base: Any, tensor_index: int, subgraph_index: int = 0) -> Array:
        """An array over the memory of a tensor; a copy for text and types of less than a byte."""
        del base  # the array itself keeps the interpreter alive
        self._check(tensor_index, subgraph_index)
        kind, shape, view = self._native.tensor(subgraph_index, tensor_index)
        if view is None:
            raise errors.InvalidArgumentError("Tensor data is null. Run allocate_tensors() first")
        if not _tensors.has_live_view(kind):
            return _tensors.read(view, kind, shape)
        return _tensors.live(view, kind, shape)

    # ---- looking into the model ----

    def NumSubgraphs(self) -> int:
        """Number of subgraphs."""
        return len(self._subgraphs)

    def NumTensors(self, subgraph_index: int = 0) -> int:
        """Number of tensors of a subgraph."""
        return int(self._subgraphs[subgraph_index]["tensors"])

    def NumNodes(self) -> int:
        """Number of nodes of the main subgraph, those that stand for delegated groups included."""
        return int(self._subgraphs[0]["nodes"]) + len(self._groups())

    def _groups(self) -> List[Dict[str, Any]]:
        """The nodes that delegates run as one, in the order of their numbers, which follow those of the file."""
        if not self._options["delegates"] or not self._native.is_allocated(0):
            return []
        return sorted((step for step in self._native.steps(0) if step["nodes"]), key=lambda step: int(step["node"]))

    def InputIndices(self) -> Indices:
        """Tensor indices of the inputs of the main subgraph."""
        return np.array(self._subgraphs[0]["inputs"], dtype=np.int32)

    def OutputIndices(self) -> Indices:
        """Tensor indices of the outputs of the main subgraph."""
        return np.array(self._subgraphs[0]["outputs"], dtype=np.int32)

    def _node(self, i: int) -> Dict[str, Any]:
        if not 0 <= i < self.NumNodes():
            raise errors.InvalidArgumentError("Invalid node index")
        count = int(self._subgraphs[0]["nodes"])
        return self._model.native.node(0, i) if i < count else self._group_node(self._groups()[i - count]["nodes"])

    def _group_node(self, nodes: Sequence[int]) -> Dict[str, Any]:
        """A group as a node: it reads what its nodes do not make, and makes what others read."""
        inside = [self._model.native.node(0, n) for n in nodes]
        outside = [self._model.native.node(0, n) for n in range(int(self._subgraphs[0]["nodes"])) if n not in nodes]
        made = {t for node in inside for t in node["outputs"] if t >= 0}
        read = {t for node in inside for t in node["inputs"] if t >= 0}
        wanted = {t for node in outside for t in node["inputs"]} | set(self._subgraphs[0]["outputs"])
        return {"name": "DELEGATE", "inputs": sorted(read - made), "outputs": sorted(made & wanted)}

    def NodeName(self, i: int) -> str:
        """Operator of a node."""
        return str(self._node(i)["name"])

    def NodeInputs(self, i: int) -> Indices:
        """Tensor indices that a node reads, -1 = left out."""
        return np.array(self._node(i)["inputs"], dtype=np.int32)

    def NodeOutputs(self, i: int) -> Indices:
        """Tensor indices that a node writes."""
        return np.array(self._node(i)["outputs"], dtype=np.int32)

    def TensorName(self, tensor_index: int, subgraph_index: int = 0) -> str:
        """Name of a tensor."""
        return str(self._info(tensor_index, subgraph_index)["name"])

    def TensorType(self, tensor_index: int, subgraph_index: int = 0) -> Any:
        """numpy's class of the elements, None where numpy has none."""
        return _tensors.CLASSES[self._info(tensor_index, subgraph_index)["type"]]

    def TensorSize(self, tensor_index: int, subgraph_index: int = 0) -> Indices:
        """Present shape."""
        self._check(tensor_index, subgraph_index)
        return np.array(self._native.tensor(subgraph_index, tensor_index)[1], dtype=np.int32)

    def TensorSizeSignature(self, tensor_index: int, subgraph_index: int = 0) -> Indices:
        """Shape with -1 for dimensions that the file leaves open; the present shape where it leaves none open."""
        info = self._info(tensor_index, subgraph_index)
        if info["shape_signature"] == info["shape"]:
            return self.TensorSize(tensor_index, subgraph_index)
        return np.array(info["shape_signature"], dtype=np.int32)

    def TensorQuantization(self, tensor_index: int, subgraph_index: int = 0) -> Tuple[float, int]:
        """(scale, zero point) of a tensor quantized as a whole, else (0.0, 0)."""
        quant = self._info(tensor_index, subgraph_index)["quant"]
        if len(quant["scales"]) != 1:
            return 0.0, 0
        return quant["scales"][0], quant["zero_points"][0]

    def TensorQuantizationParameters(self, tensor_index: int, subgraph_index: int = 0
                                     ) -> Tuple[npt.NDArray[np.float32], Indices, int, int]:
        """(scales, zero points, quantized dimension, block size); blockwise ones lie in tensors of their own."""
        quant = self._info(tensor_index, subgraph_index)["quant"]
        scales: Any = np.array(quant["scales"], dtype=np.float32)
        zero_points: Any = np.array(quant["zero_points"], dtype=np.int32)
        if quant["kind"] in _BLOCK_KINDS:
            scales = self._stored(quant["scales_tensor"], subgraph_index, scales)
            zero_points = self._stored(quant["zero_points_tensor"], subgraph_index, zero_points)
        return scales, zero_points, int(quant["dimension"]), int(quant["block_size"])

    def _stored(self, tensor_index: int, subgraph_index: int, otherwise: Array) -> Array:
        """Contents of a constant as a flat array."""
        if tensor_index < 0:
            return otherwise
        info = self._info(tensor_index, subgraph_index)
        view = self._model.native.constant(subgraph_index, tensor_index)
        return otherwise if view is None else _tensors.read(view, info["type"], info["shape"]).ravel()

    def TensorSparsityParameters(self, tensor_index: int, subgraph_index: int = 0) -> Dict[str, Any]:
        """How a sparse tensor is stored; empty for dense ones. Its contents are shown as they are stored."""
        self._check(tensor_index, subgraph_index)
        found = self._model.native.sparsity(subgraph_index, tensor_index)
        if found is None:
            return {}
        order, blocks, dimensions = found
        result: Dict[str, Any] = {"traversal_order": np.array(order, dtype=np.int32)}
        if blocks:
            result["block_map"] = np.array(blocks, dtype=np.int32)
        result["dim_metadata"] = [
            {"format": 1, "array_segments": np.array(one[1], dtype=np.int32),
             "array_indices": np.array(one[2], dtype=np.int32)}
            if one[0] else {"format": 0, "dense_size": one[1]} for one in dimensions]
        return result

    # ---- signatures ----

    def GetSignatureDefs(self) -> Dict[str, Dict[str, Any]]:
        """{key: {"inputs": {name: tensor}, "outputs": {name: tensor}}}."""
        return {key: {"inputs": dict(inputs), "outputs": dict(outputs)}
                for key, (_, inputs, outputs) in self._signatures.items()}

    def GetSubgraphIndexFromSignature(self, signature_key: str) -> int:
        """The subgraph that a signature runs."""
        if signature_key not in self._signatures:
            raise errors.InvalidArgumentError("No matching signature.")
        return self._signatures[signature_key][0]

    def interpreter(self) -> int:
        """Address of the native interpreter."""
        return self._native.address

    def delegations(self, subgraph_index: int = 0) -> List[Dict[str, Any]]:
        """What each delegate runs of an allocated subgraph: name, nodes, groups, and why it was left out."""
        return self._native.delegations(subgraph_index)

    def steps(self, subgraph_index: int = 0) -> List[Dict[str, Any]]:
        """What the plan of a subgraph runs, in order."""
        return self._native.steps(subgraph_index)
