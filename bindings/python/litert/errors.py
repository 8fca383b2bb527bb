# errors.py: the exceptions of litert, one per status of the library.
# SPDX-License-Identifier: Apache-2.0
"""Exceptions of litert.

Everything litert raises on its own is a :class:`LitertError` and also the built-in exception that scripts expect at
that place (``ValueError``, ``OSError``, ``MemoryError`` or ``RuntimeError``).
"""
from __future__ import annotations

from typing import Any, Dict, Optional, Type

__all__ = [
    "LitertError",
    "InvalidArgumentError",
    "ShapeError",
    "InvalidModelError",
    "MissingFileError",
    "FileError",
    "UnsupportedError",
    "UnresolvedOpError",
    "OutOfMemoryError",
    "OverBudgetError",
    "CancelledError",
    "WrongStateError",
    "RunFailedError",
    "NotBuiltInError",
]


class LitertError(Exception):
    """Base of all exceptions of litert; ``status`` is the library's name of the error, e.g. ``"INVALID_MODEL"``."""

    status: str = "RUN_FAILED"


class InvalidArgumentError(LitertError, ValueError):
    """An argument of a call is not valid: a wrong name, index, type or shape."""

    status = "INVALID_ARGUMENT"


class ShapeError(InvalidArgumentError, RuntimeError):
    """A shape that the model cannot take, found while resizing, planning or running."""


class InvalidModelError(LitertError, ValueError):
    """The file is not a valid model."""

    status = "INVALID_MODEL"


class FileError(LitertError, ValueError, OSError):
    """Reading a file failed."""

    status = "IO"


class MissingFileError(FileError, FileNotFoundError):
    """The file does not exist."""

    status = "NOT_FOUND"


class UnsupportedError(LitertError, NotImplementedError, ValueError):
    """The kind of file, the operator, type or option is not supported."""

    status = "UNSUPPORTED"


class UnresolvedOpError(LitertError, RuntimeError):
    """The model uses a custom operator that nobody registered."""

    status = "UNRESOLVED_OP"


class OutOfMemoryError(LitertError, MemoryError):
    """The system has no memory left."""

    status = "OUT_OF_MEMORY"


class OverBudgetError(LitertError, MemoryError, RuntimeError):
    """A given limit of bytes, steps or seconds is exceeded, or the context of a language model; ``answer`` then has what
    came before, as :meth:`litert.Session.generate` returns it."""

    status = "OVER_BUDGET"
    answer: Optional[Dict[str, Any]] = None


class CancelledError(LitertError, RuntimeError):
    """The run was cancelled."""

    status = "CANCELLED"


class WrongStateError(LitertError, RuntimeError):
    """The call is not allowed now, e.g. invoking before allocating."""

    status = "WRONG_STATE"


class RunFailedError(LitertError, RuntimeError):
    """An operator failed while it ran."""

    status = "RUN_FAILED"


class NotBuiltInError(LitertError, NotImplementedError):
    """A component that the call needs is not part of this build."""

    status = "NOT_BUILT_IN"


_BY_STATUS: Dict[str, Type[LitertError]] = {
    "INVALID_ARGUMENT": InvalidArgumentError,
    "INVALID_MODEL": InvalidModelError,
    "NOT_FOUND": InvalidArgumentError,
    "IO": FileError,
    "UNSUPPORTED": UnsupportedError,
    "UNRESOLVED_OP": UnresolvedOpError,
    "OUT_OF_MEMORY": OutOfMemoryError,
    "OVER_BUDGET": OverBudgetError,
    "CANCELLED": CancelledError,
    "WRONG_STATE": WrongStateError,
    "RUN_FAILED": RunFailedError,
    "NOT_BUILT_IN": NotBuiltInError,
}


def from_status(code: int, name: str, message: str) -> LitertError:
    """The exception of a failed call of the library: its status by number and name, and its sentence."""
    error = _BY_STATUS.get(name, LitertError)(message)
    error.status = name
    return error


def as_runtime_error(error: LitertError) -> LitertError:
    """The same error as one that ``except RuntimeError`` catches too, as scripts expect of planning and running."""
    if isinstance(error, (RuntimeError, MemoryError)):
        return error
    runtime: Type[LitertError] = ShapeError if isinstance(error, InvalidArgumentError) else RunFailedError
    changed = runtime(str(error))
    changed.status = error.status
    return changed
