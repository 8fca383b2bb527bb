# options.py: all options of a compiled model.
# SPDX-License-Identifier: Apache-2.0
"""Options of compiled models, in groups."""
from __future__ import annotations

import dataclasses
from typing import Any, Optional

from . import errors
from .cpu_options import CpuKernelMode, CpuOptions
from .gpu_options import GpuOptions
from .hardware_accelerator import HardwareAccelerator

__all__ = ["CpuKernelMode", "CpuOptions", "GpuOptions", "HardwareAccelerator", "Options"]


@dataclasses.dataclass(init=False)
class Options:
    """What a compiled model may use, and how.

    Args:
        hardware_accelerators: kinds of processors.
        cpu_options, gpu_options: options of each kind.
        qualcomm_options, intel_openvino_options: must be None; these components are not part of this build.

    Raises:
        NotImplementedError: options for a component that is not part of this build.
    """

    hardware_accelerators: HardwareAccelerator
    _cpu_options: Optional[CpuOptions]
    _gpu_options: Optional[GpuOptions]

    def __init__(
        self,
        hardware_accelerators: HardwareAccelerator = HardwareAccelerator.CPU,
        cpu_options: Optional[CpuOptions] = None,
        gpu_options: Optional[GpuOptions] = None,
        qualcomm_options: Any = None,
        intel_openvino_options: Any = None,
    ) -> None:
        for name, value in (("qualcomm_options", qualcomm_options), ("intel_openvino_options", intel_openvino_options)):
            if value is not None:
                raise errors.NotBuiltInError(f"{name}: this component is not part of this build")
        self.hardware_accelerators = hardware_accelerators
        self._cpu_options = cpu_options
        self._gpu_options = gpu_options

    @classmethod
    def create(cls) -> "Options":
        """Options that are all left at their defaults."""
        return cls()

    @property
    def cpu_options(self) -> CpuOptions:
        """The options about the CPU, to be changed in place."""
        if self._cpu_options is None:
            self._cpu_options = CpuOptions()
        return self._cpu_options

    @property
    def gpu_options(self) -> GpuOptions:
        """The options about the GPU, to be changed in place."""
        if self._gpu_options is None:
            self._gpu_options = GpuOptions()
        return self._gpu_options
