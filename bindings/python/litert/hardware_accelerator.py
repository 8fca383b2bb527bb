# hardware_accelerator.py: the kinds of processors that a compiled model may use.
# SPDX-License-Identifier: Apache-2.0
"""Kinds of processors, as flags."""
from __future__ import annotations

import enum

__all__ = ["HardwareAccelerator"]


class HardwareAccelerator(enum.IntFlag):
    """Processors that a compiled model may use, to be combined with ``|``. This build runs on the CPU only."""

    CPU = 1
    GPU = 2
    NPU = 4
