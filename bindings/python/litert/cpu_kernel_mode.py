# cpu_kernel_mode.py: which kernels a compiled model uses on the CPU.
# SPDX-License-Identifier: Apache-2.0
"""Kernels of the CPU."""
from __future__ import annotations

import enum

__all__ = ["CpuKernelMode"]


class CpuKernelMode(enum.IntEnum):
    """``REFERENCE`` is the reference mode: scalar kernels, nothing fused, bit-exact for integers. The others are the fast
    kernels of this package, which are part of the runtime and no delegate."""

    DELEGATE = 0
    XNNPACK = 0
    REFERENCE = 1
    BUILTIN = 2
