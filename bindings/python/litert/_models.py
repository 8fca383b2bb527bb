# _models.py: open models, each file once per process.
# SPDX-License-Identifier: Apache-2.0
"""Opens models; all interpreters of one file share one model, and so its weights."""
from __future__ import annotations

import os
import threading
import weakref
from typing import Any, Tuple, Union

from . import _core, _log, errors

PathLike = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


class Model:
    """An open model; it is closed when the last interpreter lets go of it."""

    __slots__ = ("native", "__weakref__")

    def __init__(self, native: _core.Model) -> None:
        self.native = native


_Key = Tuple[Any, ...]
_open: "weakref.WeakValueDictionary[_Key, Model]" = weakref.WeakValueDictionary()
_lock = threading.Lock()


def _key_of(path: PathLike) -> _Key:
    """Tells a file and its present contents; raises what opening would raise."""
    name = os.fspath(path)
    try:
        status = os.stat(name)
    except (OSError, ValueError) as error:
        raise errors.MissingFileError(
            f"Could not open '{os.fsdecode(name)}'.The model allocation is null/empty") from error
    return os.path.realpath(name), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def open_file(path: PathLike) -> Model:
    """The model in a .tflite, .litertlm or .task file."""
    _log.follow_logger()
    key = _key_of(path)
    with _lock:
        found = _open.get(key)
    if found is not None:
        return found
    made = Model(_core.Model.open(os.fsdecode(os.fspath(path))))
    with _lock:
        return _open.setdefault(key, made)


def open_content(content: bytes) -> Model:
    """The model in a bytes object, which is not copied."""
    _log.follow_logger()
    return Model(_core.Model.open_bytes(content))
