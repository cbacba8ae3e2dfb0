"""Studbook: a model registry that is a Git repository.

The Python API is what this module exports, and nothing else. It imports lazily: `import studbook` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from studbook.diagnostic import Diagnostic as Diagnostic
    from studbook.diagnostic import Report as Report
    from studbook.validate import validate as validate

_HOMES = {"validate": "studbook.validate", "Diagnostic": "studbook.diagnostic", "Report": "studbook.diagnostic"}
__all__ = ["Diagnostic", "Report", "__version__", "validate"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'studbook' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
