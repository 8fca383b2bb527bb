# tensor_buffer.py: memory of inputs and outputs of compiled models.
# SPDX-License-Identifier: Apache-2.0
"""Memory for inputs and outputs of compiled models.

    buffer.write(array)
    result = buffer.read(4, np.float32)
"""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _core, _tensors, errors
from ._tensors import Array

__all__ = ["TensorBuffer"]

_ALIGNMENT = 64


def _dtype_table() -> Dict["np.dtype[Any]", str]:
    """numpy's type -> name, for types that numpy and the library both have."""
    table: Dict["np.dtype[Any]", str] = {}
    for number, (name, _) in _core.TYPES.items():
        kind = _tensors.CLASSES[number]
        if kind is not None and name not in ("string", "resource", "variant", "int4", "int2", "uint4"):
            table.setdefault(np.dtype(kind), name)
    return table


_NAMES = _dtype_table()


def _normalize(dtype: Any) -> Tuple[str, "np.dtype[Any]"]:
    """Name and numpy's type of whatever numpy takes as a type."""
    try:
        found: "np.dtype[Any]" = np.dtype(dtype)
    except TypeError:
        raise errors.InvalidArgumentError(f"Unsupported dtype: {dtype}") from None
    name = _NAMES.get(found)
    if name is None:
        raise errors.InvalidArgumentError(f"Unsupported dtype: {dtype}")
    return name, found


def _aligned(shape: Tuple[int, ...], dtype: "np.dtype[Any]") -> Array:
    """Zeros at an address that is a multiple of the alignment."""
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    raw = np.zeros(size + _ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start:start + size].view(dtype).reshape(shape)


class TensorBuffer:
    """Contents of one tensor in memory of the host.

    Made by the methods ``create_…`` of :class:`litert.compiled_model.CompiledModel`, or from an array.
    """

    def __init__(self, capsule: Array, environment: Any = None, *, type_name: Optional[str] = None) -> None:
        self._array: Optional[Array] = capsule
        self._environment = environment
        self._type = type_name if type_name is not None else _normalize(capsule.dtype)[0]

    @classmethod
    def create_from_host_memory(cls, data_array: npt.NDArray[Any]) -> "TensorBuffer":
        """A buffer over the memory of an array; of a copy where that is not aligned to 64 bytes.

        Raises:
            ValueError: no contiguous array, or of a type that tensors cannot have.
        """
        if not isinstance(data_array, np.ndarray):
            raise errors.InvalidArgumentError("data_array must be a NumPy array")
        _normalize(data_array.dtype)
        if not data_array.flags.c_contiguous:
            raise errors.InvalidArgumentError("data_array must be C-contiguous for zero-copy host-memory binding")
        if data_array.ctypes.data % _ALIGNMENT == 0:
            return cls(data_array)
        copy = _aligned(data_array.shape, data_array.dtype)
        copy[...] = data_array
        return cls(copy)

    @classmethod
    def _for_tensor(cls, type_number: int, shape: Tuple[int, ...], environment: Any) -> "TensorBuffer":
        """Zeros for a tensor of the library's type and that shape."""
        kind, name = _tensors.CLASSES[type_number], _tensors.NAMES[type_number]
        if kind is None or name in ("string", "resource", "variant"):
            raise errors.UnsupportedError(f"a tensor of type {name} has no tensor buffer")
        return cls(_aligned(shape, np.dtype(kind)), environment, type_name=name)

    def _memory(self, caller: str) -> Array:
        if self._array is None:
            raise errors.WrongStateError(f"{caller}: invalid capsule")
        return self._array

    def write(self, data_array: npt.NDArray[Any]) -> None:
        """Copies an array into the buffer from its first element on.

        Raises:
            ValueError: no array, or of another type than the buffer.
            RuntimeError: more elements than the buffer has, or the buffer is destroyed.
        """
        if not isinstance(data_array, np.ndarray):
            raise errors.InvalidArgumentError("data_array must be a NumPy array")
        name, _ = _normalize(data_array.dtype)
        memory = self._memory("WriteTensorBuffer")
        if data_array.dtype != memory.dtype:
            raise errors.InvalidArgumentError(
                f"WriteTensorBuffer: the array holds {name}, the tensor buffer {self._type}")
        if data_array.size > memory.size:
            raise errors.RunFailedError("WriteTensorBuffer: source buffer is larger than the tensor buffer")
        memory.reshape(-1)[:data_array.size] = data_array.reshape(-1)

    def read(self, num_elements: int, output_dtype: Any) -> Array:
        """A copy of the first elements, as an array of one dimension.

        Raises:
            ValueError: the buffer holds another type.
            RuntimeError: more elements than the buffer has, or the buffer is destroyed.
        """
        name, dtype = _normalize(output_dtype)
        if num_elements < 0:
            raise errors.InvalidArgumentError("negative dimensions are not allowed")
        memory = self._memory("ReadTensorToBuffer")
        if dtype != memory.dtype:
            raise errors.InvalidArgumentError(f"ReadTensorToBuffer: the tensor buffer holds {self._type}, not {name}")
        if num_elements > memory.size:
            raise errors.RunFailedError("ReadTensorToBuffer: destination buffer is larger than the tensor buffer")
        return memory.reshape(-1)[:num_elements].copy()

    def get_tensor_details(self) -> Dict[str, Any]:
        """``{"dtype": name, "shape": [dimensions]}``."""
        return {"dtype": self._type, "shape": list(self._memory("GetTensorDetails").shape)}

    def destroy(self) -> None:
        """Lets go of the memory; the buffer cannot be used afterwards."""
        self._array = None
        self._environment = None

    @property
    def capsule(self) -> Array:
        """The array that is the memory of the buffer.

        Raises:
            ValueError: the buffer is destroyed.
        """
        if self._array is None:
            raise errors.InvalidArgumentError("TensorBuffer has been destroyed")
        return self._array
