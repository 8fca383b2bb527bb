# custom.py: custom operators written in Python, and sets of them for interpreters.
# SPDX-License-Identifier: Apache-2.0
"""Custom operators in Python.

    class Gain(CustomOp):
        name = "Gain"

        def eval(self, x):
            return x * 2.5

    interpreter = Interpreter("model.tflite", custom_ops=[Gain])
"""
from __future__ import annotations

import os
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple, Type, Union

import numpy as np

from . import _core, _tensors, errors
from ._tensors import Array

__all__ = ["CustomOp", "OperatorSet", "TensorSpec"]

Shape = Tuple[int, ...]
PathLike = Union[str, "os.PathLike[str]"]


class TensorSpec(NamedTuple):
    """An operand while shapes are settled."""

    name: str
    dtype: "np.dtype[Any]"
    shape: Shape  #: of inputs; of outputs what the file says
    scales: Tuple[float, ...]  #: empty where unquantized
    zero_points: Tuple[int, ...]
    quantized_dimension: int
    data: Optional[Array]  #: contents of a constant input, else None


class CustomOp:
    """Base class of operators written in Python; each node of each interpreter has an object of its own.

    A subclass sets ``name``, the operator's name in the file, and defines :meth:`eval`; :meth:`shapes` where outputs do
    not have the shape of the first input. What these methods raise is the error of ``allocate_tensors`` or ``invoke``,
    with the exception as its cause. They run with Python's lock held, possibly on another thread than the caller's.

    Args:
        options: the node's options as they stand in the file.
    """

    name: str = ""
    versions: Tuple[int, int] = (0, 0)  #: first and last version that it takes; (0, 0) = any

    def __init__(self, options: bytes) -> None:
        self.options = options

    def shapes(self, *inputs: Optional[TensorSpec]) -> Sequence[Optional[Shape]]:
        """The shape of every output: None where only :meth:`eval` can tell. Left-out inputs are None."""
        first = inputs[0] if inputs else None
        return [first.shape if first is not None else None]

    def eval(self, *inputs: Optional[Array]) -> Any:
        """The outputs as one array, or as a sequence of arrays where there are several. Inputs are copies."""
        raise NotImplementedError(f"{type(self).__name__} does not define eval")


Registerer = Union[Type[CustomOp], PathLike, Callable[["OperatorSet"], Any]]


class OperatorSet:
    """Custom operators; filled first, then given to any number of interpreters."""

    def __init__(self, operators: Sequence[Registerer] = ()) -> None:
        self.native = _core.OperatorSet()
        for operator in operators:
            self.add(operator)

    def add(self, operator: Registerer) -> None:
        """Adds a subclass of :class:`CustomOp`, the operators of a shared library written in C
        (``litert/custom_op.h``) by its path, or what a function adds that takes this set.

        Raises:
            ValueError: it is none of these, or not complete.
        """
        if isinstance(operator, (str, os.PathLike)):
            self.native.load(os.fspath(operator))
        elif isinstance(operator, type) and issubclass(operator, CustomOp):
            low, high = operator.versions
            self.native.add(operator.name, low, high, _maker_of(operator))
        elif callable(operator) and not isinstance(operator, type):
            operator(self)
        else:
            raise errors.InvalidArgumentError(
                f"a custom operator is a subclass of CustomOp, a path or a function, not {type(operator).__name__}")


def set_of(operators: Optional[Union[OperatorSet, Sequence[Registerer]]]) -> Optional[OperatorSet]:
    """What ``custom_ops`` of an interpreter stands for."""
    if operators is None or isinstance(operators, OperatorSet):
        return operators
    return OperatorSet(operators) if operators else None


_Operand = Tuple[str, int, Shape, Tuple[float, ...], Tuple[int, ...], int, Optional[_core.View]]


def _spec(operand: Optional[_Operand]) -> Optional[TensorSpec]:
    if operand is None:
        return None
    name, kind, shape, scales, zero_points, dimension, view = operand
    dtype = np.dtype(_tensors.CLASSES[kind] or np.void)
    data = _tensors.read(view, kind, shape) if view is not None else None
    return TensorSpec(name, dtype, shape, scales, zero_points, dimension, data)


def _string_table(array: Array) -> bytes:
    """Count, offsets and bytes, as string tensors hold them."""
    strings = _tensors.strings_of(array)
    ends = np.cumsum([4 * (len(strings) + 2)] + [len(text) for text in strings])
    return np.concatenate([[len(strings)], ends]).astype("<i4").tobytes() + b"".join(strings)


def _maker_of(operator: Type[CustomOp]) -> Callable[[bytes], "_Node"]:
    return lambda options: _Node(operator(options))


class _Node:
    """What the library calls: arrays on one side, memory of the library on the other."""

    def __init__(self, operator: CustomOp) -> None:
        self.operator = operator
        self.late: List[bool] = []

    def prepare(self, inputs: List[Optional[_Operand]], outputs: List[Optional[_Operand]]) -> List[Optional[Shape]]:
        shapes = list(self.operator.shapes(*map(_spec, inputs)))
        if len(shapes) != len(outputs):
            raise ValueError(f"shapes() gave {len(shapes)} shapes for {len(outputs)} outputs")
        result: List[Optional[Shape]] = []
        for shape, output in zip(shapes, outputs):
            late = shape is None or (output is not None and output[1] == _tensors.STRING)
            result.append(None if late else tuple(int(dimension) for dimension in shape or ()))
        self.late = [shape is None for shape in result]
        return result

    def run(self, inputs: List[Optional[_Operand]],
            outputs: List[Optional[_Operand]]) -> List[Tuple[int, Shape, bytes]]:
        given = self.operator.eval(*(None if operand is None else self._read(operand) for operand in inputs))
        arrays = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(arrays) != len(outputs):
            raise ValueError(f"eval() gave {len(arrays)} arrays for {len(outputs)} outputs")
        late = []
        for index, (array, output) in enumerate(zip(arrays, outputs)):
            if output is None:
                continue
            name, kind, shape, _, _, _, view = output
            array = np.asarray(array)
            if kind != _tensors.STRING and not _tensors.is_of_type(array, kind):
                raise TypeError(f"output {index} ({name}) is {_tensors.NAMES[kind]}, eval() gave {array.dtype}")
            if self.late[index]:
                content = _string_table(array) if kind == _tensors.STRING else _tensors.encode(array, kind)
                late.append((index, array.shape, content))
                continue
            if array.shape != shape:
                raise ValueError(f"output {index} ({name}) has the shape {shape}, eval() gave {array.shape}")
            if view is not None:
                _tensors.write(view, kind, array)
        return late

    @staticmethod
    def _read(operand: _Operand) -> Array:
        _, kind, shape, _, _, _, view = operand
        if view is None:
            return np.empty(shape, _tensors.CLASSES[kind])
        return _tensors.read(view, kind, shape)
