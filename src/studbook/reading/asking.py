"""A CEL expression asked of versions, as a gate asks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from studbook import gates
from studbook.change import Change
from studbook.diagnostic import Fault
from studbook.history import StageHistory
from studbook.models import ModelVersion
from studbook.registry import Registry
from studbook.rules.evidence import situation
from studbook.rules.step import Past, Step
from studbook.snapshot import Snapshot


class _Unasked:
    """A past that is not looked at: what an expression does not name need not be worked out for every model."""

    gap = "history was not asked for"

    def stages(self, model: str) -> Mapping[str, StageHistory]:
        return {}

    def registered_at(self, model: str, version: str) -> int | None:
        return None

    def was_registered(self, model: str, version: str) -> bool:
        return False

    def unreachable(self, commits: Iterable[str]) -> set[str]:
        return set()


class Asker:
    """Asks one expression of many versions, and remembers which could not answer."""

    def __init__(self, registry: Registry, snapshot: Snapshot, expression: str) -> None:
        if (invalid := gates.check(expression)) is not None:
            raise Fault(f"--where: {invalid.message}", "write CEL, such as candidate.metrics.auc > 0.9")
        past: Past = registry.past if "stages" in expression else _Unasked()
        self._step = Step(snapshot, snapshot, Change((), snapshot, snapshot), past, registry.when.now)
        self._expression = expression
        self.unanswered: dict[str, str] = {}

    def holds(self, version: ModelVersion | None) -> bool:
        """Whether the expression is true of a version; what cannot be evaluated is not."""
        if version is None:
            return False
        outcome = gates.evaluate(self._expression, situation(self._step, version.model, version.version))
        if outcome.passed is None:
            self.unanswered[version.reference] = outcome.problem
        return outcome.passed is True
