# _tensors.py: element types and contents of tensors as numpy has them.
# SPDX-License-Identifier: Apache-2.0
"""Translates between tensors of the library and numpy arrays."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _core, errors

Array = npt.NDArray[Any]

#: Name of a type in the library -> numpy's class. Types of 4 and 2 bits are unpacked into bytes; those that numpy
#: lacks are raw bits, or the type of the package ml_dtypes where that is installed.
_CLASSES: Dict[str, type] = {
    name: getattr(np, name)
    for name in ("float32", "float16", "float64", "complex64", "complex128", "int8", "int16", "int32", "int64",
                 "uint8", "uint16", "uint32", "uint64")
}
_CLASSES.update(string=np.bytes_, bool=np.bool_, int4=np.int8, int2=np.int8, uint4=np.uint8,
                bfloat16=np.uint16, float8_e4m3fn=np.uint8, float8_e5m2=np.uint8, resource=np.object_,
                variant=np.object_)
_FOREIGN = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
try:
    import ml_dtypes as _ml_dtypes  # type: ignore[import-not-found, import-untyped, unused-ignore]

    _CLASSES.update({name: getattr(_ml_dtypes, name) for name in _FOREIGN})
except (ImportError, AttributeError):
    pass

#: By the library's number: name, and numpy's class (resources and variants have no contents that numpy can show).
NAMES: Dict[int, str] = {number: name for number, (name, _) in _core.TYPES.items()}
CLASSES: Dict[int, Optional[type]] = {number: _CLASSES.get(name) for number, name in NAMES.items()}
_DTYPES: Dict[int, "np.dtype[Any]"] = {number: np.dtype(kind) for number, kind in CLASSES.items() if kind is not None}
_BITS: Dict[int, int] = {number: bits for number, (name, bits) in _core.TYPES.items() if bits in (2, 4)}
STRING = next(number for number, name in NAMES.items() if name == "string")
_RAW = {number for number, name in NAMES.items() if name in _FOREIGN}
_OPAQUE = {number for number, name in NAMES.items() if name in ("resource", "variant")}
_UPPER = {np.dtype(kind): name.upper() for name, kind in _CLASSES.items()
          if name not in ("int4", "int2", "uint4", "string", "resource", "variant") + _FOREIGN}


def has_live_view(type_number: int) -> bool:
    """Whether numpy can show the memory of such a tensor as it is."""
    return type_number != STRING and type_number not in _BITS and type_number not in _OPAQUE


def type_name(array: Array) -> str:
    """The type of an array as messages call it, e.g. FLOAT32."""
    if array.dtype.kind in "SUOT":
        return "STRING"
    return _UPPER.get(array.dtype.newbyteorder("="), "NOTYPE")


def is_of_type(array: Array, type_number: int) -> bool:
    """Whether an array may be written into a tensor of this type."""
    if type_number == STRING:
        return array.dtype.kind in "SUOT"
    wanted = _DTYPES.get(type_number)
    if wanted is None or type_number in _OPAQUE:
        return False
    return array.dtype == wanted or array.dtype.newbyteorder("=") == wanted


def live(view: _core.View, type_number: int, shape: Tuple[int, ...]) -> Array:
    """An array over the memory of a tensor, without a copy."""
    array: Array = np.asarray(view)
    if type_number in _RAW:
        array = array.view(_DTYPES[type_number]).reshape(shape)
    return array


def _read_strings(view: _core.View, shape: Tuple[int, ...]) -> Array:
    data = np.asarray(view).tobytes()
    count = int.from_bytes(data[:4], "little")
    offsets = np.frombuffer(data, "<i4", min(count + 1, max(len(data) // 4 - 1, 0)), 4).tolist() if data else []
    result: Array = np.empty(max(len(offsets) - 1, 0), dtype=object)
    for index, (begin, end) in enumerate(zip(offsets, offsets[1:])):
        result[index] = data[begin:end]
    return result.reshape(shape) if int(np.prod(shape, dtype=np.int64)) == result.size else result


def _unpack(view: _core.View, type_number: int, shape: Tuple[int, ...]) -> Array:
    """Elements of 4 or 2 bits, lowest bits first, as one byte each."""
    bits = _BITS[type_number]
    packed = np.asarray(view)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    values = ((packed[:, None] >> shifts) & np.uint8((1 << bits) - 1)).reshape(-1)[: int(np.prod(shape))]
    if NAMES[type_number].startswith("int"):
        half = 1 << (bits - 1)
        return ((values ^ half).astype(np.int8) - np.int8(half)).reshape(shape)
    return values.reshape(shape)


def read(view: _core.View, type_number: int, shape: Tuple[int, ...]) -> Array:
    """A copy of the contents of a tensor."""
    if type_number in _OPAQUE:
        raise errors.InvalidArgumentError(f"a tensor of type {NAMES[type_number]} has no contents to show")
    if type_number == STRING:
        return _read_strings(view, shape)
    if type_number in _BITS:
        return _unpack(view, type_number, shape)
    return live(view, type_number, shape).copy()


def strings_of(array: Array) -> List[bytes]:
    """The elements of an array of text, as UTF-8."""
    strings: List[bytes] = []
    for value in array.ravel().tolist():
        if isinstance(value, str):
            value = value.encode("utf-8")
        elif not isinstance(value, (bytes, bytearray)):
            raise errors.InvalidArgumentError(f"a string tensor takes str or bytes, not {type(value).__name__}")
        strings.append(bytes(value))
    return strings


def _pack(array: Array, bits: int) -> Array:
    """One byte each as elements of 4 or 2 bits, lowest bits first."""
    per_byte = 8 // bits
    values = np.zeros(-(-array.size // per_byte) * per_byte, dtype=np.uint8)
    values[: array.size] = array.ravel().astype(np.uint8) & np.uint8((1 << bits) - 1)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    packed: Array = np.bitwise_or.reduce(values.reshape(-1, per_byte) << shifts, axis=1)
    return packed


def write(view: _core.View, type_number: int, array: Array) -> None:
    """Copies an array of the tensor's own shape and type into its memory."""
    if type_number in _BITS:
        np.asarray(view)[...] = _pack(array, _BITS[type_number])
    else:
        live(view, type_number, array.shape)[...] = array


def encode(array: Array, type_number: int) -> bytes:
    """An array of a tensor's type as the bytes that the tensor holds; not for strings."""
    if type_number in _BITS:
        return _pack(array, _BITS[type_number]).tobytes()
    return np.ascontiguousarray(array, _DTYPES[type_number]).tobytes()
