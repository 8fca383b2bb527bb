# __init__.py: what `import litert` offers.
# SPDX-License-Identifier: Apache-2.0
"""litert runs quantized edge models (.tflite, and the models inside .litertlm and .task bundles)."""
from __future__ import annotations

from typing import Dict

from . import _core, _log
from ._answers import SamplerConfig, Stream
from .compiled_model import CompiledModel
from .conversation import Conversation, Message, tool_from_function
from .custom import CustomOp, OperatorSet, TensorSpec
from .delegate import Delegate, load_delegate
from .engine import Backend, Engine
from .errors import LitertError
from .interpreter import Interpreter, InterpreterWithCustomOps, OpResolverType, SignatureRunner
from .manager import LiteRTManager
from .session import Checkpoint, Responses, Session
from .tokenizer import Detokenizer, Tokenizer

__version__ = _core.VERSION
__all__ = [
    "Backend",
    "Checkpoint",
    "CompiledModel",
    "Conversation",
    "CustomOp",
    "Delegate",
    "Detokenizer",
    "Engine",
    "Interpreter",
    "InterpreterWithCustomOps",
    "LiteRTManager",
    "LitertError",
    "Message",
    "OpResolverType",
    "OperatorSet",
    "Responses",
    "SamplerConfig",
    "Session",
    "SignatureRunner",
    "Stream",
    "TensorSpec",
    "Tokenizer",
    "counters",
    "errors",
    "load_delegate",
    "tool_from_function",
]

_log.connect()


def counters() -> Dict[str, int]:
    """What the library has done since the process started, in numbers that only grow."""
    return _core.counters()
