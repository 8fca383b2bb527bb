# interpreter.py: the classic Interpreter and SignatureRunner, so that a script changes one import.
# SPDX-License-Identifier: Apache-2.0
"""Runs models through the interface that scripts for TensorFlow Lite use.

    from litert import Interpreter
    interpreter = Interpreter(model_path="model.tflite")
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], array)
    interpreter.invoke()
    result = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
"""
from __future__ import annotations

import enum
import os
import warnings
from typing import Any, Callable, Dict, List, Optional, Sequence, Union

import numpy as np

from . import _models, errors
from ._tensors import Array
from ._wrapper import InterpreterWrapper
from .custom import OperatorSet, Registerer, set_of
from .delegate import Delegate, load_delegate

__all__ = ["Delegate", "Interpreter", "InterpreterWithCustomOps", "OpResolverType", "SignatureRunner", "load_delegate"]

Details = Dict[str, Any]

_MODE_DEFAULT, _MODE_REF = 0, 2
_PRESERVE_WARNING = (
    "Warning: Enabling `experimental_preserve_all_tensors` with the BUILTIN or AUTO op resolver is intended for "
    "debugging purposes only. It keeps every intermediate tensor in memory and turns fusion off."
)


@enum.unique
class OpResolverType(enum.Enum):
    """Which kernels an interpreter uses.

    ``BUILTIN_REF`` selects the reference mode: scalar kernels, nothing fused, bit-exact for integers. The other three
    are the same here: the fast kernels are part of the runtime, not a delegate.
    """

    AUTO = 0
    BUILTIN = 1
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3


class SignatureRunner:
    """Runs one signature of a model by the names of its inputs and outputs.

    Made by :meth:`Interpreter.get_signature_runner`. Calling it gives the inputs the shapes of the arrays, plans
    where that changed something, and runs: ``runner(x=array)["y"]``.
    """

    def __init__(self, interpreter: Optional["Interpreter"] = None, signature_key: Optional[str] = None) -> None:
        if not interpreter:
            raise errors.InvalidArgumentError("None interpreter provided.")
        if not signature_key:
            raise errors.InvalidArgumentError("None signature_key provided.")
        self._interpreter = interpreter
        self._interpreter_wrapper = interpreter._interpreter
        self._signature_key = signature_key
        signatures = interpreter._get_full_signature_list()
        if signature_key not in signatures:
            raise errors.InvalidArgumentError(f'Invalid signature_key provided: "{signature_key}".')
        self._inputs: Dict[str, int] = signatures[signature_key]["inputs"]
        self._outputs: Dict[str, int] = signatures[signature_key]["outputs"]
        self._subgraph_index = self._interpreter_wrapper.GetSubgraphIndexFromSignature(signature_key)

    def __call__(self, **kwargs: Any) -> Dict[str, Array]:
        """Runs the signature with every input given by name; returns every output by name."""
        if len(kwargs) != len(self._inputs):
            raise errors.InvalidArgumentError(
                "Invalid number of inputs provided for running a SignatureDef, expected "
                f"{len(self._inputs)} vs provided {len(kwargs)}")
        wrapper, subgraph = self._interpreter_wrapper, self._subgraph_index
        for name in kwargs:
            if name not in self._inputs:
                raise errors.InvalidArgumentError(f"Invalid Input name ({name}) for SignatureDef")
        arrays = {name: np.asarray(value) for name, value in kwargs.items()}
        for name, array in arrays.items():
            wrapper.ResizeInputTensor(self._inputs[name], np.array(array.shape, dtype=np.int32), False, subgraph)
        wrapper.AllocateTensors(subgraph)
        for name, array in arrays.items():
            wrapper.SetTensor(self._inputs[name], array, subgraph)
        wrapper.Invoke(subgraph)
        return {name: wrapper.GetTensor(index, subgraph) for name, index in self._outputs.items()}

    def get_input_details(self) -> Dict[str, Details]:
        """Details of each input by name; see :meth:`Interpreter.get_input_details`."""
        return {name: self._interpreter._get_tensor_details(index, self._subgraph_index)
                for name, index in self._inputs.items()}

    def get_output_details(self) -> Dict[str, Details]:
        """Details of each output by name; see :meth:`Interpreter.get_input_details`."""
        return {name: self._interpreter._get_tensor_details(index, self._subgraph_index)
                for name, index in self._outputs.items()}


class Interpreter:
    """Runs one model for one thread at a time.

    Args:
        model_path: a .tflite file, or a .litertlm or .task bundle that has one inside.
        model_content: the bytes of such a file instead.
        experimental_delegates: delegates from :func:`load_delegate`, asked in this order. They look at the model at once,
            which allocates the main subgraph.
        num_threads: threads for kernels, 1 by default.
        experimental_op_resolver_type: ``BUILTIN_REF`` for the bit-exact reference mode.
        experimental_preserve_all_tensors: lets :meth:`get_tensor` read intermediate results after a run.
        experimental_disable_delegate_clustering, experimental_default_delegate_latest_features,
            experimental_disable_delegate_node_fusion, experimental_force_delegate_node_profiling: accepted; they
            concern delegates.
        experimental_compress_quantization_zero_points: accepted; parameters are always shown in full.
        custom_ops: custom operators: subclasses of :class:`litert.CustomOp`, paths of shared libraries, or one
            :class:`litert.OperatorSet` of them. They come before those that the runtime has.

    Raises:
        ValueError: the file is missing or not valid, or an argument is not.
        RuntimeError: a delegate refuses the model.
    """

    def __init__(
        self,
        model_path: Optional[_models.PathLike] = None,
        model_content: Optional[Union[bytes, bytearray, memoryview]] = None,
        experimental_delegates: Optional[Sequence[Delegate]] = None,
        num_threads: Optional[int] = None,
        experimental_op_resolver_type: OpResolverType = OpResolverType.AUTO,
        experimental_preserve_all_tensors: bool = False,
        experimental_disable_delegate_clustering: bool = False,
        experimental_default_delegate_latest_features: bool = False,
        experimental_compress_quantization_zero_points: bool = False,
        experimental_disable_delegate_node_fusion: bool = False,
        experimental_force_delegate_node_profiling: bool = False,
        custom_ops: Optional[Union[OperatorSet, Sequence[Registerer]]] = None,
    ) -> None:
        del experimental_disable_delegate_clustering, experimental_default_delegate_latest_features
        del experimental_disable_delegate_node_fusion, experimental_force_delegate_node_profiling
        self._custom_op_registerers: List[Any] = []
        self._experimental_compress_quantization_zero_points = experimental_compress_quantization_zero_points
        if experimental_preserve_all_tensors and experimental_op_resolver_type in (
                OpResolverType.AUTO, OpResolverType.BUILTIN):
            warnings.warn(_PRESERVE_WARNING, stacklevel=2)
        if not isinstance(experimental_op_resolver_type, OpResolverType):
            raise errors.InvalidArgumentError(
                f"Unrecognized passed in op resolver type: {experimental_op_resolver_type}")
        if num_threads is not None:
            if not isinstance(num_threads, int):
                raise errors.InvalidArgumentError("type of num_threads should be int")
            if num_threads < 1:
                raise errors.InvalidArgumentError("num_threads should >= 1")
        model = _open(model_path, model_content)
        delegates = _delegates_of(experimental_delegates)
        mode = _MODE_REF if experimental_op_resolver_type == OpResolverType.BUILTIN_REF else _MODE_DEFAULT
        self._interpreter = InterpreterWrapper(model, num_threads or 1, mode, experimental_preserve_all_tensors,
                                               delegates=delegates, operators=set_of(custom_ops))
        self._delegates: List[Delegate] = delegates
        if delegates:  # they look at the model now, so that a refusal is an error of this call
            self._interpreter.AllocateTensors()
        self._signature_defs = self.get_signature_list()

    def allocate_tensors(self) -> None:
        """Plans the model for the present shapes of its inputs and gets its memory.

        Raises:
            RuntimeError: an operator cannot be planned, or an array over the interpreter's memory is still held.
        """
        self._ensure_safe()
        self._interpreter.AllocateTensors()

    def invoke(self) -> None:
        """Runs the model once; other Python threads run meanwhile.

        Raises:
            RuntimeError: not allocated, an operator failed, or an array over the interpreter's memory is still held.
        """
        self._ensure_safe()
        self._interpreter.Invoke()

    def _safe_to_run(self) -> bool:
        return self._interpreter.native.views == 0

    def _ensure_safe(self) -> None:
        self._interpreter.ensure_safe()

    def get_input_details(self) -> List[Details]:
        """Details of the inputs, in the order of the file.

        Each is a dictionary of ``name``, ``index`` (the tensor index that the other methods take), ``shape`` (now),
        ``shape_signature`` (-1 for dimensions that may change), ``dtype`` (numpy's class), ``quantization``
        ((scale, zero point); (0.0, 0) unless quantized as a whole), ``quantization_parameters`` (``scales``,
        ``zero_points``, ``quantized_dimension``, ``block_size``) and ``sparsity_parameters``.
        """
        return [self._get_tensor_details(int(i), 0) for i in self._interpreter.InputIndices()]

    def get_output_details(self) -> List[Details]:
        """Details of the outputs, in the order of the file; see :meth:`get_input_details`."""
        return [self._get_tensor_details(int(i), 0) for i in self._interpreter.OutputIndices()]

    def num_subgraphs(self) -> int:
        """Number of subgraphs of the model."""
        return self._interpreter.NumSubgraphs()

    def get_tensor_details(self, subgraph_index: int = 0) -> List[Details]:
        """Details of all tensors of a subgraph, in the order of the file; see :meth:`get_input_details`."""
        count = self._interpreter.NumSubgraphs()
        if subgraph_index < 0 or subgraph_index >= count:
            raise errors.InvalidArgumentError(
                f"subgraph_index is out of range: {subgraph_index} for the model, which has {count} subgraphs.")
        details = []
        for index in range(self._interpreter.NumTensors(subgraph_index)):
            try:
                details.append(self._get_tensor_details(index, subgraph_index))
            except ValueError:
                continue  # resources have no type of numpy
        return details

    def _get_tensor_details(self, tensor_index: int, subgraph_index: int = 0) -> Details:
        wrapper, tensor, subgraph = self._interpreter, int(tensor_index), int(subgraph_index)
        kind = wrapper.TensorType(tensor, subgraph)
        if kind is None:
            raise errors.InvalidArgumentError("Could not get tensor details")
        scales, zero_points, dimension, block_size = wrapper.TensorQuantizationParameters(tensor, subgraph)
        return {
            "name": wrapper.TensorName(tensor, subgraph),
            "index": tensor,
            "shape": wrapper.TensorSize(tensor, subgraph),
            "shape_signature": wrapper.TensorSizeSignature(tensor, subgraph),
            "dtype": kind,
            "quantization": wrapper.TensorQuantization(tensor, subgraph),
            "quantization_parameters": {
                "scales": scales,
                "zero_points": zero_points,
                "quantized_dimension": dimension,
                "block_size": block_size,
            },
            "sparsity_parameters": wrapper.TensorSparsityParameters(tensor, subgraph),
        }

    def _get_op_details(self, op_index: int) -> Details:
        wrapper = self._interpreter
        inputs, outputs = wrapper.NodeInputs(op_index), wrapper.NodeOutputs(op_index)
        return {
            "index": int(op_index),
            "op_name": wrapper.NodeName(op_index),
            "inputs": inputs,
            "outputs": outputs,
            "operand_types": [wrapper.TensorType(int(i)) for i in inputs if i != -1],
            "result_types": [wrapper.TensorType(int(i)) for i in outputs if i != -1],
        }

    def _get_ops_details(self) -> List[Details]:
        return [self._get_op_details(index) for index in range(self._interpreter.NumNodes())]

    def set_tensor(self, tensor_index: int, value: Any) -> None:
        """Copies an array of exactly the tensor's shape and type into it.

        Raises:
            ValueError: another shape or type, no such tensor, or not allocated.
        """
        self._interpreter.SetTensor(tensor_index, value)

    def get_tensor(self, tensor_index: int, subgraph_index: int = 0) -> Array:
        """A copy of the contents of a tensor: inputs, outputs, constants and variables always; intermediate results
        only with ``experimental_preserve_all_tensors``.

        Raises:
            ValueError: no such tensor, or it has no memory of its own.
        """
        return self._interpreter.GetTensor(tensor_index, subgraph_index)

    def tensor(self, tensor_index: int) -> Callable[[], Array]:
        """A function that returns an array over the memory of a tensor, without copying.

        Hold the function, not its arrays: while an array lives, :meth:`invoke`, :meth:`allocate_tensors` and
        :meth:`resize_tensor_input` refuse to run, because they may move the memory.
        """
        return lambda: self._interpreter.tensor(self._interpreter, tensor_index)

    def resize_tensor_input(self, input_index: int, tensor_size: Any, strict: bool = False) -> None:
        """Gives an input another shape; :meth:`allocate_tensors` must follow.

        Args:
            input_index: tensor index of the input.
            tensor_size: the new shape.
            strict: only dimensions that are -1 in ``shape_signature`` may change.

        Raises:
            RuntimeError: the tensor cannot have that shape.
        """
        self._ensure_safe()
        self._interpreter.ResizeInputTensor(input_index, np.array(tensor_size, dtype=np.int32), strict)

    def get_signature_list(self) -> Dict[str, Dict[str, List[str]]]:
        """``{key: {"inputs": [names], "outputs": [names]}}`` of the signatures of the model."""
        return {key: {"inputs": list(ends["inputs"]), "outputs": list(ends["outputs"])}
                for key, ends in self._interpreter.GetSignatureDefs().items()}

    def _get_full_signature_list(self) -> Dict[str, Dict[str, Any]]:
        return self._interpreter.GetSignatureDefs()

    def get_signature_runner(self, signature_key: Optional[str] = None) -> SignatureRunner:
        """A callable for one signature; the key may be left out where the model has exactly one.

        Raises:
            ValueError: no such signature.
        """
        if signature_key is None:
            if len(self._signature_defs) != 1:
                raise errors.InvalidArgumentError(
                    f"SignatureDef signature_key is None and model has {len(self._signature_defs)} Signatures. None "
                    "is only allowed when the model has 1 SignatureDef")
            signature_key = next(iter(self._signature_defs))
        return SignatureRunner(interpreter=self, signature_key=signature_key)

    def reset_all_variables(self) -> None:
        """Sets every variable tensor back to zero."""
        self._interpreter.ResetVariableTensors()

    @property
    def experimental_compress_quantization_zero_points(self) -> bool:
        """As given to the constructor."""
        return self._experimental_compress_quantization_zero_points

    def _native_handle(self) -> int:
        return self._interpreter.interpreter()


def _delegates_of(delegates: Optional[Sequence[Delegate]]) -> List[Delegate]:
    found = list(delegates) if delegates else []
    for delegate in found:
        if not isinstance(delegate, Delegate):
            raise AttributeError(f"'{type(delegate).__name__}' object is no delegate; load_delegate makes one")
    return found


class InterpreterWithCustomOps(Interpreter):
    """An :class:`Interpreter` that is given custom operators under the name of the field.

    Args:
        custom_op_registerers: subclasses of :class:`litert.CustomOp`, paths of shared libraries, or functions that take
            an :class:`litert.OperatorSet` and add to it.
        kwargs: those of :class:`Interpreter`.
    """

    def __init__(self, custom_op_registerers: Optional[Sequence[Registerer]] = None, **kwargs: Any) -> None:
        super().__init__(custom_ops=custom_op_registerers, **kwargs)
        self._custom_op_registerers = list(custom_op_registerers or [])


def _open(path: Optional[_models.PathLike], content: Optional[Union[bytes, bytearray, memoryview]]) -> _models.Model:
    """The model of either source, with the texts that scripts know."""
    if not path and not content:
        raise errors.InvalidArgumentError("`model_path` or `model_content` must be specified.")
    if path and content:
        raise errors.InvalidArgumentError("Can't both provide `model_path` and `model_content`")
    try:
        if path:
            os.fspath(path)
            return _models.open_file(path)
        if isinstance(content, (bytearray, memoryview)):
            content = bytes(content)
        if not isinstance(content, bytes):
            raise TypeError(f"model_content takes bytes, not {type(content).__name__}")
        return _models.open_content(content)
    except (errors.InvalidModelError, errors.UnsupportedError) as error:
        raise errors.InvalidModelError(f"The model is not a valid Flatbuffer buffer: {error}") from None
