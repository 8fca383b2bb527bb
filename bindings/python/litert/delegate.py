# delegate.py: loading delegates from shared libraries.
# SPDX-License-Identifier: Apache-2.0
"""Delegates in shared libraries: they run parts of a model instead of the kernels of this package.

    from litert import Interpreter, load_delegate
    delegate = load_delegate("libexample_delegate.so", {"threads": 2})
    interpreter = Interpreter(model_path="model.tflite", experimental_delegates=[delegate])
"""
from __future__ import annotations

import os
import platform
from typing import Any, Dict, Optional

from . import _core, _log, errors

__all__ = ["Delegate", "load_delegate"]


class _NoEntryPoint(errors.UnsupportedError, AttributeError):
    """The library is no delegate; scripts know that as AttributeError."""


class Delegate:
    """A delegate in a shared library with the entry points of TFLite's external delegates.

    It must not be used by interpreters of several threads at the same time unless the library says that it may.
    Interpreters keep it alive.

    Args:
        library: path of the library, or a name that the system's loader finds.
        options: keys and values for the library, each handed over as ``str(…)``.

    Raises:
        OSError: the library cannot be loaded.
        AttributeError: it has no entry point ``tflite_plugin_create_delegate``.
        ValueError: it refuses the options.
        RuntimeError: this Python is not CPython.
    """

    def __init__(self, library: str, options: Optional[Dict[Any, Any]] = None) -> None:
        if platform.python_implementation() != "CPython":
            raise RuntimeError("Delegates are currently only supported into CPython"
                               "due to missing immediate reference counting.")
        _log.follow_logger()
        path = os.fsencode(library)
        pairs = [(str(key).encode(), str(value).encode()) for key, value in (options or {}).items()]
        try:
            self._native = _core.Delegate(path, [key for key, _ in pairs], [value for _, value in pairs])
        except errors.LitertError as error:
            if error.status == "NOT_FOUND":
                raise errors.MissingFileError(str(error)) from None
            if error.status == "UNSUPPORTED":
                raise _NoEntryPoint(str(error)) from None
            if error.status == "INVALID_ARGUMENT":
                text = str(error)
                reason = f"delegate {os.fsdecode(path)} cannot be made: "
                raise errors.InvalidArgumentError(text[len(reason):] if text.startswith(reason) else text) from None
            raise

    @property
    def name(self) -> str:
        """File name of the library; what explanations call the delegate."""
        return self._native.name


def load_delegate(library: str, options: Optional[Dict[Any, Any]] = None) -> Delegate:
    """Loads a delegate; see :class:`Delegate`.

    Raises:
        ValueError: the delegate refuses its options, "Failed to load delegate from …" and its reason on a second line.
        OSError, AttributeError: as :class:`Delegate`.
    """
    try:
        return Delegate(library, options)
    except errors.FileError:
        raise
    except errors.InvalidArgumentError as error:
        raise errors.InvalidArgumentError(f"Failed to load delegate from {library}\n{error}") from None
