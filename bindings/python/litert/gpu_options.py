# gpu_options.py: options of compiled models about the GPU.
# SPDX-License-Identifier: Apache-2.0
"""Options about the GPU. This build has none; the class is there for scripts that set its fields."""
from __future__ import annotations

import dataclasses

__all__ = ["GpuOptions"]


@dataclasses.dataclass
class GpuOptions:
    """How a compiled model would run on a GPU."""

    enforce_f32: bool = False
    constant_tensor_sharing: bool = False
    infinite_float_capping: bool = False
    benchmark_mode: bool = False
    allow_src_quantized_fc_conv_ops: bool = False
    hint_waiting_for_completion: bool = False
