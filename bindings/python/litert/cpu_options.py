# cpu_options.py: options of compiled models about the CPU.
# SPDX-License-Identifier: Apache-2.0
"""Options about the CPU."""
from __future__ import annotations

import dataclasses
from typing import Optional

from .cpu_kernel_mode import CpuKernelMode

__all__ = ["CpuKernelMode", "CpuOptions"]


@dataclasses.dataclass
class CpuOptions:
    """How a compiled model runs on the CPU.

    Attributes:
        num_threads: threads for kernels; 0 = the cores that this process may use.
        kernel_mode: which kernels; None = the fast ones.
        enable_ynnpack, xnnpack_flags, xnnpack_weight_cache_path: accepted; they concern libraries that this package does
            not use.
    """

    num_threads: int = 0
    kernel_mode: Optional[CpuKernelMode] = None
    enable_ynnpack: bool = False
    xnnpack_flags: Optional[int] = None
    xnnpack_weight_cache_path: str = ""
