# environment.py: what compiled models and their buffers share.
# SPDX-License-Identifier: Apache-2.0
"""The environment of compiled models. The runtime is part of this package, so it holds nothing but its options."""
from __future__ import annotations

import dataclasses
import os
from typing import Optional, Union

from . import errors

__all__ = ["Environment", "EnvironmentOptions"]


@dataclasses.dataclass(frozen=True)
class EnvironmentOptions:
    """Folders of components: of the runtime, of plug-ins that compile for accelerators, of those that run on them."""

    runtime_path: Optional[str] = None
    compiler_plugin_path: str = ""
    dispatch_library_path: str = ""


class Environment:
    """What compiled models share; made by :meth:`create`, and a context manager."""

    def __init__(self, capsule: object, options: EnvironmentOptions) -> None:
        self._capsule: Optional[object] = capsule
        self._options = options

    def __enter__(self) -> "Environment":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it: no model can be compiled in it any more. Models that were stay usable."""
        self._capsule = None

    @classmethod
    def create(
        cls,
        *,
        options: Optional[Union[EnvironmentOptions, str]] = None,
        runtime_path: Optional[str] = None,
        compiler_plugin_path: str = "",
        dispatch_library_path: str = "",
    ) -> "Environment":
        """Makes an environment.

        Args:
            options: all folders; a str is the runtime's.
            runtime_path, compiler_plugin_path, dispatch_library_path: the folders one by one instead.

        Raises:
            ValueError: both were given.
        """
        if isinstance(options, str):
            if runtime_path is not None:
                raise errors.InvalidArgumentError("runtime_path was provided twice.")
            runtime_path, options = options, None
        if options is not None and (runtime_path is not None or compiler_plugin_path or dispatch_library_path):
            raise errors.InvalidArgumentError("Pass either options or environment path shortcuts.")
        if options is None:
            options = EnvironmentOptions(runtime_path, compiler_plugin_path, dispatch_library_path)
        if not options.runtime_path:
            options = dataclasses.replace(options, runtime_path=os.path.dirname(os.path.abspath(__file__)))
        return cls(object(), options)

    @property
    def options(self) -> EnvironmentOptions:
        """The options it was made with, the runtime's folder filled in."""
        return self._options

    @property
    def capsule(self) -> object:
        """Stands for the environment while it is open.

        Raises:
            ValueError: it is closed.
        """
        if self._capsule is None:
            raise errors.InvalidArgumentError("Environment is no longer valid")
        return self._capsule
