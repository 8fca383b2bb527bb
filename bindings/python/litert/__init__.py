# __init__.py: what `import litert` offers.
# SPDX-License-Identifier: Apache-2.0
"""litert runs quantized edge models (.tflite, and the models inside .litertlm and .task bundles)."""
from __future__ import annotations

from typing import Dict

from . import _core, _log
from .compiled_model import CompiledModel
from .custom import CustomOp, OperatorSet, TensorSpec
from .delegate import Delegate, load_delegate
from .errors import LitertError
from .interpreter import Interpreter, InterpreterWithCustomOps, OpResolverType, SignatureRunner
from .manager import LiteRTManager
from .tokenizer import Detokenizer, Tokenizer

__version__ = _core.VERSION
__all__ = [
    "CompiledModel",
    "CustomOp",
    "Delegate",
    "Detokenizer",
    "Interpreter",
    "InterpreterWithCustomOps",
    "LiteRTManager",
    "LitertError",
    "OpResolverType",
    "OperatorSet",
    "SignatureRunner",
    "TensorSpec",
    "Tokenizer",
    "counters",
    "errors",
    "load_delegate",
]

_log.connect()


def counters() -> Dict[str, int]:
    """What the library has done since the process started, in numbers that only grow."""
    return _core.counters()
