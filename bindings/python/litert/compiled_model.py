# compiled_model.py: models run by signature over tensor buffers.
# SPDX-License-Identifier: Apache-2.0
"""Runs models by signature, with inputs and outputs in tensor buffers.

    from litert.compiled_model import CompiledModel
    model = CompiledModel.from_file("model.tflite")
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    inputs[0].write(array)
    model.run_by_index(0, inputs, outputs)
    result = outputs[0].read(array.size, array.dtype)
"""
from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, NamedTuple, NoReturn, Optional, Sequence, Tuple

import numpy as np

from . import _models, _tensors, errors
from ._log import logger
from ._wrapper import InterpreterWrapper
from .environment import Environment, EnvironmentOptions
from .options import CpuKernelMode, CpuOptions, GpuOptions, HardwareAccelerator, Options
from .tensor_buffer import TensorBuffer

__all__ = ["CompiledModel", "CpuKernelMode", "CpuOptions", "Environment", "EnvironmentOptions", "GpuOptions",
           "HardwareAccelerator", "Options", "TensorBuffer"]

#: Key of the one signature that a model without signatures has.
PLACEHOLDER = "<placeholder signature>"

_INVALID, _FAILED, _NOT_FOUND, _OUT_OF_RANGE = 1, 3, 6, 1000  # status codes of LiteRT's C API
_HOST_MEMORY = 1  # the only type of buffer


class _LoadError(errors.InvalidModelError, RuntimeError):
    """A model that cannot be opened, where scripts expect RuntimeError."""


class _MissingModelError(errors.MissingFileError, RuntimeError):
    """A missing file, where scripts expect RuntimeError."""


class _Port(NamedTuple):
    """An input or output: its name in the signature, its tensor, its type's number."""

    name: str
    tensor: int
    kind: int


class _Signature(NamedTuple):
    """One signature, its inputs and outputs in the file's own order."""

    key: str
    subgraph: int
    inputs: List[_Port]
    outputs: List[_Port]


def _fail(code: int, message: str) -> NoReturn:
    raise errors.RunFailedError(f"CompiledModel error: code={code}, message={message}")


def _signatures_of(model: _models.Model) -> List[_Signature]:
    native = model.native
    found = []

    def ports(subgraph: int, ends: Sequence[Tuple[str, int]]) -> List[_Port]:
        return [_Port(name, tensor, native.tensor(subgraph, tensor)["type"]) for name, tensor in ends]

    for index, (key, subgraph, inputs, outputs) in enumerate(native.signatures()):
        sides = []
        for ends, is_output in ((inputs, False), (outputs, True)):
            placed = sorted(zip(native.places(index, is_output), ends.items()))
            sides.append(ports(subgraph, [end for _, end in placed]))
        found.append(_Signature(key, subgraph, sides[0], sides[1]))
    if not found:
        main = native.subgraph(0)
        named = {side: [(native.tensor(0, t)["name"], t) for t in main[side]] for side in ("inputs", "outputs")}
        found.append(_Signature(PLACEHOLDER, 0, ports(0, named["inputs"]), ports(0, named["outputs"])))
    return found


def _resolve(options: Optional[Options], hardware_accel: Optional[HardwareAccelerator]) -> Options:
    if options is None:
        accelerators = HardwareAccelerator.CPU if hardware_accel is None else hardware_accel
        return Options(hardware_accelerators=accelerators, cpu_options=CpuOptions(num_threads=1))
    if hardware_accel is not None:
        raise errors.InvalidArgumentError("Pass either options or hardware_accel, not both.")
    return options


class CompiledModel:
    """A model ready to run; a context manager. One object is used by one thread at a time.

    Made by :meth:`from_file` and :meth:`from_buffer`. A model without signatures has one with the key
    ``"<placeholder signature>"`` and the names of its tensors.
    """

    def __init__(self, c_model_ptr: _models.Model, environment: Environment, options: Optional[Options] = None) -> None:
        options = options or Options()
        cpu = options.cpu_options
        if not isinstance(cpu.num_threads, int) or cpu.num_threads < 0:
            raise errors.InvalidArgumentError("num_threads should be a number >= 0")
        mode = CpuKernelMode.DELEGATE if cpu.kernel_mode is None else CpuKernelMode(cpu.kernel_mode)
        wanted = HardwareAccelerator(int(options.hardware_accelerators))
        if wanted and HardwareAccelerator.CPU not in wanted:
            raise errors.NotBuiltInError(
                "no accelerator is part of this build; add HardwareAccelerator.CPU to run the model on the CPU")
        if wanted & ~HardwareAccelerator.CPU:
            logger.warning("no accelerator is part of this build; the model runs on the CPU")
        self._accelerated = not wanted & ~HardwareAccelerator.CPU
        self._environment = environment
        self._model: Optional[InterpreterWrapper] = InterpreterWrapper(
            c_model_ptr, cpu.num_threads or -1, 2 if mode == CpuKernelMode.REFERENCE else 0, False)
        self._signatures = _signatures_of(c_model_ptr)

    def __enter__(self) -> "CompiledModel":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees the model's memory; buffers stay usable."""
        self._model = None

    @classmethod
    def from_file(
        cls,
        model_path: _models.PathLike,
        hardware_accel: Optional[HardwareAccelerator] = None,
        environment: Optional[Environment] = None,
        options: Optional[Options] = None,
    ) -> "CompiledModel":
        """Opens a .tflite file, or a bundle that has one inside.

        Args:
            model_path: the file.
            hardware_accel: what to run on, CPU by default; short for ``options``.
            environment: what several models share.
            options: everything else.

        Raises:
            RuntimeError: the file is missing or not valid; no accelerator of that kind.
            ValueError: options that contradict each other.
        """
        environment = environment or Environment.create()
        chosen = _resolve(options, hardware_accel)
        environment.capsule  # an error where it is closed
        try:
            model = _models.open_file(model_path)
        except errors.MissingFileError:
            raise _MissingModelError(
                f"Failed to load model from file\n└ Could not open '{os.fsdecode(model_path)}'") from None
        except errors.LitertError as error:
            raise _LoadError(f"Failed to load model from file\n└ {error}") from None
        return cls(model, environment, chosen)

    @classmethod
    def from_buffer(
        cls,
        model_data: bytes,
        hardware_accel: Optional[HardwareAccelerator] = None,
        environment: Optional[Environment] = None,
        options: Optional[Options] = None,
    ) -> "CompiledModel":
        """Opens the bytes of such a file; see :meth:`from_file`."""
        environment = environment or Environment.create()
        chosen = _resolve(options, hardware_accel)
        environment.capsule  # an error where it is closed
        if not isinstance(model_data, (bytes, bytearray, memoryview)):
            raise TypeError(f"model_data takes bytes, not {type(model_data).__name__}")
        try:
            model = _models.open_content(bytes(model_data))
        except errors.LitertError as error:
            raise _LoadError(f"Failed to load model from buffer\n└ {error}") from None
        return cls(model, environment, chosen)

    @property
    def environment(self) -> Environment:
        """The environment it was made in."""
        return self._environment

    # ---- signatures ----

    def _wrapper(self) -> InterpreterWrapper:
        if self._model is None:
            raise errors.WrongStateError("the compiled model is closed")
        return self._model

    def _at(self, index: int) -> _Signature:
        self._wrapper()
        if not 0 <= index < len(self._signatures):
            _fail(_OUT_OF_RANGE, "Signature index is out of range of signature keys")
        return self._signatures[index]

    def _by_key(self, key: str) -> _Signature:
        index = self.get_signature_index(key)
        if index < 0:
            _fail(_NOT_FOUND, f"Signature not found: {key}")
        return self._signatures[index]

    def get_signature_list(self) -> Dict[str, Dict[str, List[str]]]:
        """``{key: {"inputs": [names], "outputs": [names]}}``, names in the order that indices count."""
        self._wrapper()
        return {one.key: {"inputs": [port.name for port in one.inputs], "outputs": [port.name for port in one.outputs]}
                for one in self._signatures}

    def get_signature_by_index(self, index: int) -> Dict[str, Any]:
        """``{"key", "inputs": [names], "outputs": [names]}``.

        Raises:
            RuntimeError: no such signature.
        """
        one = self._at(index)
        return {"key": one.key, **self.get_signature_list()[one.key]}

    def get_num_signatures(self) -> int:
        """Number of signatures, at least 1."""
        self._wrapper()
        return len(self._signatures)

    def get_signature_index(self, key: str) -> int:
        """Index of the signature with that key, -1 where there is none."""
        self._wrapper()
        return next((index for index, one in enumerate(self._signatures) if one.key == key), -1)

    # ---- tensors ----

    def _shape(self, signature: _Signature, port: _Port, is_output: bool) -> Tuple[int, ...]:
        wrapper = self._wrapper()
        if is_output:
            wrapper.AllocateTensors(signature.subgraph)
        return tuple(int(d) for d in wrapper.TensorSize(port.tensor, signature.subgraph))

    def _details(self, signature: _Signature, ports: Sequence[_Port], is_output: bool) -> Dict[str, Dict[str, Any]]:
        wrapper = self._wrapper()
        return {port.name: {"name": wrapper.TensorName(port.tensor, signature.subgraph), "index": port.tensor,
                            "dtype": _tensors.NAMES[port.kind],
                            "shape": list(self._shape(signature, port, is_output))} for port in ports}

    def get_input_tensor_details(self, signature_key: str) -> Dict[str, Dict[str, Any]]:
        """``{name: {"name": of the tensor, "index", "dtype", "shape": now}}`` of the inputs.

        Raises:
            RuntimeError: no such signature.
        """
        one = self._by_key(signature_key)
        return self._details(one, one.inputs, False)

    def get_output_tensor_details(self, signature_key: str) -> Dict[str, Dict[str, Any]]:
        """The same of the outputs; shapes are those that the inputs lead to."""
        one = self._by_key(signature_key)
        return self._details(one, one.outputs, True)

    def _port(self, signature_index: int, index: int, is_output: bool) -> Tuple[_Signature, _Port]:
        one = self._at(signature_index)
        ports = one.outputs if is_output else one.inputs
        if not 0 <= index < len(ports):
            _fail(_OUT_OF_RANGE, f"{'Output' if is_output else 'Input'} index out of range")
        return one, ports[index]

    def _requirements(self, signature_index: int, index: int, is_output: bool) -> Dict[str, Any]:
        one, port = self._port(signature_index, index, is_output)
        count = int(np.prod(self._shape(one, port, is_output), dtype=np.int64))
        kind = _tensors.CLASSES[port.kind]
        size = count * np.dtype(kind).itemsize if kind is not None else 0
        return {"buffer_size": size, "supported_types": [_HOST_MEMORY]}

    def get_input_buffer_requirements(self, input_index: int, signature_index: int = 0) -> Dict[str, Any]:
        """``{"buffer_size": bytes, "supported_types": [1]}`` (1 = memory of the host) of an input's buffer.

        Raises:
            RuntimeError: an index is out of range.
        """
        return self._requirements(signature_index, input_index, False)

    def get_output_buffer_requirements(self, output_index: int, signature_index: int = 0) -> Dict[str, Any]:
        """The same of an output's buffer."""
        return self._requirements(signature_index, output_index, True)

    def is_fully_accelerated(self) -> bool:
        """Whether everything runs on the processors that were asked for."""
        self._wrapper()
        return self._accelerated

    # ---- buffers ----

    def _buffer(self, signature: _Signature, port: _Port, is_output: bool) -> TensorBuffer:
        return TensorBuffer._for_tensor(port.kind, self._shape(signature, port, is_output), self._environment)

    def _named(self, signature: _Signature, name: str, is_output: bool) -> _Port:
        for port in signature.outputs if is_output else signature.inputs:
            if port.name == name:
                return port
        _fail(_NOT_FOUND, f"{'Output' if is_output else 'Input'} tensor not found: {name}")

    def create_input_buffer_by_name(self, signature_key: str, input_name: str) -> TensorBuffer:
        """A buffer for one input.

        Raises:
            RuntimeError: no such signature or input.
        """
        one = self._by_key(signature_key)
        return self._buffer(one, self._named(one, input_name, False), False)

    def create_output_buffer_by_name(self, signature_key: str, output_name: str) -> TensorBuffer:
        """A buffer for one output; see :meth:`create_input_buffer_by_name`."""
        one = self._by_key(signature_key)
        return self._buffer(one, self._named(one, output_name, True), True)

    def create_input_buffers(self, signature_index: int) -> List[TensorBuffer]:
        """A buffer for each input, in the order of :meth:`get_signature_by_index`.

        Raises:
            RuntimeError: no such signature.
        """
        one = self._at(signature_index)
        return [self._buffer(one, port, False) for port in one.inputs]

    def create_output_buffers(self, signature_index: int) -> List[TensorBuffer]:
        """A buffer for each output; see :meth:`create_input_buffers`."""
        one = self._at(signature_index)
        return [self._buffer(one, port, True) for port in one.outputs]

    # ---- shapes ----

    def _may_become(self, signature: _Signature, port: _Port, shape: Sequence[int]) -> bool:
        """Whether only dimensions change that the model leaves open."""
        wrapper = self._wrapper()
        known = wrapper.TensorSizeSignature(port.tensor, signature.subgraph).tolist()
        return len(known) == len(shape) and all(k in (-1, s) for k, s in zip(known, shape))

    def resize_input_tensor(self, input_index: int, dims: Sequence[int], signature_index: int = 0,
                            strict: bool = True) -> None:
        """Gives an input another shape.

        Args:
            input_index: input of the signature.
            dims: the new shape.
            signature_index: the signature.
            strict: only dimensions that the model leaves open may change.

        Raises:
            RuntimeError: an index is out of range, or the input cannot have that shape.
        """
        one, port = self._port(signature_index, input_index, False)
        shape = [int(d) for d in dims]
        if strict and not self._may_become(one, port, shape):
            _fail(_INVALID, "New shape is not compatible with current shape.")
        self._wrapper().ResizeInputTensor(port.tensor, np.array(shape, dtype=np.int32), False, one.subgraph)

    def resize_input_tensor_by_name(self, signature_key: str, input_name: str, dims: Sequence[int],
                                    strict: bool = True) -> None:
        """The same by names.

        Raises:
            ValueError: no such signature or input.
        """
        index = self.get_signature_index(signature_key)
        if index < 0:
            raise errors.InvalidArgumentError(f"Unknown signature: {signature_key}")
        names = [port.name for port in self._signatures[index].inputs]
        if input_name not in names:
            raise errors.InvalidArgumentError(f"Unknown input '{input_name}' for signature '{signature_key}'")
        self.resize_input_tensor(names.index(input_name), dims, index, strict)

    # ---- running ----

    def _fill(self, signature: _Signature, port: _Port, buffer: TensorBuffer) -> None:
        wrapper, array = self._wrapper(), buffer.capsule
        if array.dtype != np.dtype(_tensors.CLASSES[port.kind]):
            _fail(_INVALID, f"the buffer of input {port.name} holds {array.dtype}, not {_tensors.NAMES[port.kind]}")
        shape = self._shape(signature, port, False)
        if array.size != int(np.prod(shape, dtype=np.int64)):
            if array.ndim != len(shape):
                _fail(_FAILED, "Failed to invoke the compiled model\n└ Cannot auto-resize tensor "
                               f"{port.name}: rank mismatch (current: {len(shape)}, new: {array.ndim})")
            if not self._may_become(signature, port, array.shape):
                _fail(_FAILED, "Failed to invoke the compiled model\n└ Cannot auto-resize tensor "
                               f"{port.name}: its shape {list(shape)} is fixed, the buffer has {list(array.shape)}")
            shape = array.shape
            wrapper.ResizeInputTensor(port.tensor, np.array(shape, dtype=np.int32), False, signature.subgraph)

    def _run(self, signature: _Signature, inputs: Sequence[TensorBuffer], outputs: Sequence[TensorBuffer]) -> None:
        wrapper, subgraph = self._wrapper(), signature.subgraph
        for port, buffer in zip(signature.inputs, inputs):
            self._fill(signature, port, buffer)
        wrapper.AllocateTensors(subgraph)
        for port, buffer in zip(signature.inputs, inputs):
            wrapper.SetTensor(port.tensor, buffer.capsule.reshape(self._shape(signature, port, False)), subgraph)
        wrapper.Invoke(subgraph)
        for port, buffer in zip(signature.outputs, outputs):
            result, memory = wrapper.GetTensor(port.tensor, subgraph), buffer.capsule
            if memory.dtype != result.dtype or memory.size < result.size:
                _fail(_FAILED, "Failed to invoke the compiled model\n└ Output buffer size mismatch: output "
                               f"{port.name} is {result.dtype} {list(result.shape)}, the buffer {memory.dtype} "
                               f"{list(memory.shape)}")
            memory.reshape(-1)[:result.size] = result.reshape(-1)

    def run_by_index(self, signature_index: int, input_buffers: Sequence[TensorBuffer],
                     output_buffers: Sequence[TensorBuffer]) -> None:
        """Runs a signature once, with a buffer for each input and output.

        A buffer of another shape resizes its input where the model leaves that open.

        Raises:
            RuntimeError: too few or too many buffers, of the wrong type or size; or the run failed.
            ValueError: a buffer is destroyed.
        """
        one = self._at(signature_index)
        if len(input_buffers) != len(one.inputs):
            _fail(_FAILED, "Failed to invoke the compiled model\n└ Input buffer size mismatch: number of "
                           f"inputs:{len(one.inputs)} vs buffers:{len(input_buffers)}")
        if len(output_buffers) != len(one.outputs):
            _fail(_FAILED, "Failed to invoke the compiled model\n└ Output buffer size mismatch: number of "
                           f"outputs:{len(one.outputs)} vs buffers:{len(output_buffers)}")
        self._run(one, input_buffers, output_buffers)

    def run_by_name(self, signature_key: str, input_map: Mapping[str, TensorBuffer],
                    output_map: Mapping[str, TensorBuffer]) -> None:
        """Runs a signature once, with buffers by name.

        Raises:
            RuntimeError: no such signature, a name is unknown or missing; and the errors of :meth:`run_by_index`.
        """
        index = self.get_signature_index(signature_key)
        if index < 0:
            _fail(_NOT_FOUND, "Failed to get signature_index")
        one = self._signatures[index]
        for given, is_output in ((input_map, False), (output_map, True)):
            for name in given:
                self._named(one, name, is_output)
            if len(given) != len(one.outputs if is_output else one.inputs):
                _fail(_NOT_FOUND,
                      f"The given map is missing some {'output' if is_output else 'input'} TensorBuffers")
        self._run(one, [input_map[port.name] for port in one.inputs],
                  [output_map[port.name] for port in one.outputs])
