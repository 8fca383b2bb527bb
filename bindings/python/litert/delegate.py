# delegate.py: loading delegates from shared libraries.
# SPDX-License-Identifier: Apache-2.0
"""Delegates in shared libraries. This build cannot run them; loading one says which part is missing."""
from __future__ import annotations

import ctypes
import platform
from typing import Any, Dict, Optional

from . import errors

__all__ = ["Delegate", "load_delegate"]


class Delegate:
    """A delegate in a shared library with the entry point ``tflite_plugin_create_delegate``.

    Raises:
        OSError: the library cannot be loaded.
        AttributeError: it has no such entry point.
        NotBuiltInError: it is a delegate; this build cannot run delegates.
    """

    def __init__(self, library: str, options: Optional[Dict[Any, Any]] = None) -> None:
        if platform.python_implementation() != "CPython":
            raise errors.NotBuiltInError("Delegates are currently only supported into CPython")
        del options
        loaded = ctypes.CDLL(library)
        getattr(loaded, "tflite_plugin_create_delegate")
        raise errors.NotBuiltInError(f"{library} is a delegate, and delegates are not part of this build")


def load_delegate(library: str, options: Optional[Dict[Any, Any]] = None) -> Delegate:
    """Loads a delegate; see :class:`Delegate`.

    Raises:
        ValueError: the delegate refused its options.
    """
    return Delegate(library, options)
