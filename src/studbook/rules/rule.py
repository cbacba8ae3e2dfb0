"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from studbook.change import ModelChange, StageChange, VersionChange
from studbook.diagnostic import Finding, Severity
from studbook.rules.step import File, Step

S = TypeVar("S")
OnStep = Callable[[Step], Iterator[Finding]]
Check = Callable[[Step, S], Iterator[Finding]]


class Rule(NamedTuple):
    """An id, and what it asks of each kind of subject.

    A state rule looks at what stands at head; what it finds at base already is only a warning. All others look at the step.
    """

    id: str
    family: str
    severity: Severity = Severity.ERROR
    is_state: bool = False
    step: OnStep | None = None
    model: tuple[Check[ModelChange], ...] = ()
    version: tuple[Check[VersionChange], ...] = ()
    stage: tuple[Check[StageChange], ...] = ()
    file: tuple[Check[File], ...] = ()
    of_unsound: bool = False
    """It speaks only of files that cannot be read as what they should be; others need not be shown to it."""
