# _log.py: the library's log records become records of the Python logger "litert".
# SPDX-License-Identifier: Apache-2.0
"""Connects the library's log with the logger ``litert``.

``LITERT_LOG=error|warn|info|debug`` sets the level and, where the program has set up no logging of its own, writes
the records to stderr; otherwise the level is that of the logger.
"""
from __future__ import annotations

import logging
import os

from . import _core

logger = logging.getLogger("litert")

_LEVELS = (logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)
_NAMES = ("error", "warn", "info", "debug")


def _receive(time: float, level: int, room: str, event: str, fields: str) -> None:
    """Passes one record of the library on, with its own time."""
    number = _LEVELS[min(max(level, 0), 3)]
    if not logger.isEnabledFor(number):
        return
    text = " ".join(part for part in (room, event, fields) if part)
    record = logger.makeRecord(logger.name, number, "liblitert", 0, text, (), None,
                               extra={"room": room, "event": event, "fields": fields})
    record.created = time
    logger.handle(record)


class _Fallback(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to stderr as long as the program has set up no logging."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            super().emit(record)


def follow_logger() -> None:
    """Lets the library write what the logger lets through; called before models are opened and planned."""
    effective = logger.getEffectiveLevel()
    level = sum(1 for number in _LEVELS if number >= effective) - 1
    _core.set_log_level(max(level, 0))


def connect() -> None:
    """Installs the receiver once, at import."""
    wanted = os.environ.get("LITERT_LOG", "").lower()
    if wanted in _NAMES:
        logger.setLevel(_LEVELS[_NAMES.index(wanted)])
        handler = _Fallback()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
    _core.set_log(_receive)
    follow_logger()
