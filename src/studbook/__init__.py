"""Studbook: a model registry that is a Git repository.

The Python API is what this module exports, and nothing else. It imports lazily: `import studbook` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studbook.version import __version__

if TYPE_CHECKING:
    from studbook.diagnostic import Diagnostic as Diagnostic
    from studbook.diagnostic import Report as Report
    from studbook.registry import ModelVersion as ModelVersion
    from studbook.registry import Registry as Registry
    from studbook.registry import open as open
    from studbook.validate import validate as validate

_HOMES = {
    "Diagnostic": "studbook.diagnostic",
    "ModelVersion": "studbook.registry",
    "Registry": "studbook.registry",
    "Report": "studbook.diagnostic",
    "open": "studbook.registry",
    "validate": "studbook.validate",
}
__all__ = ["Diagnostic", "ModelVersion", "Registry", "Report", "__version__", "open", "validate"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'studbook' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
