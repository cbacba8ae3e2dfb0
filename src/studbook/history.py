"""Who held which stage when: the undo stack of a stage, and soak.

Everything here is a pure function of the values that a stage took along first-parent history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Moment(NamedTuple):
    """One step of first-parent history."""

    commit: str
    time: int
    """Seconds since 1970: the committer date, never before that of the first parent."""


class Held(NamedTuple):
    """From this moment on, `version` holds the stage (None: nobody does)."""

    at: Moment
    version: str | None


class WasArchived(NamedTuple):
    at: Moment
    version: str


class Tenure(NamedTuple):
    """An unbroken time in a stage. `until` is None while it lasts."""

    version: str
    since: Moment
    until: Moment | None

    def seconds(self, now: int) -> int:
        return max(0, (self.until.time if self.until else now) - self.since.time)


class StageHistory(NamedTuple):
    """What the history of one stage says.

    `stack`, lowest first, is the undo stack: a value that is on it already pops everything above (a rollback), any other
    is pushed (a promotion), emptying pops everything, and who is archived is taken off.
    """

    stack: tuple[str, ...] = ()
    tenures: tuple[Tenure, ...] = ()
    rolled_back: frozenset[str] = frozenset()
    entered_from_empty: bool = False
    """The last change was from empty to the present value: emptying undoes just that."""

    @property
    def holder(self) -> str | None:
        return self.tenures[-1].version if self.tenures and self.tenures[-1].until is None else None

    @property
    def below(self) -> tuple[str, ...]:
        """Where a rollback may go to, nearest last."""
        return tuple(v for v in self.stack if v != self.holder) if self.holder else ()

    def has_been_in(self, version: str) -> bool:
        return version in self.stack

    def soaked(self, version: str, now: int) -> int:
        """Seconds of the longest unbroken tenure."""
        return max((t.seconds(now) for t in self.tenures if t.version == version), default=0)

    def holding_since(self, version: str) -> Moment | None:
        last = self.tenures[-1] if self.tenures else None
        return last.since if last and last.until is None and last.version == version else None


def replay(events: Iterable[Held | WasArchived]) -> StageHistory:
    """Events in order of history; at one commit, the stage's own change comes first."""
    state = _Replay()
    for event in events:
        if isinstance(event, WasArchived):
            state.archive(event.version)
        elif event.version != state.holder:
            state.move(event)
    return StageHistory(
        tuple(state.stack), tuple(state.tenures), frozenset(state.rolled_back), state.entered_from_empty
    )


class _Replay:
    def __init__(self) -> None:
        self.stack: list[str] = []
        self.tenures: list[Tenure] = []
        self.rolled_back: set[str] = set()
        self.holder: str | None = None
        self.entered_from_empty = False
        self._condemned: set[str] = set()

    def archive(self, version: str) -> None:
        """Who holds the stage stays on the stack until it is replaced."""
        self._condemned.add(version)
        self._purge()

    def move(self, event: Held) -> None:
        before, self.holder = self.holder, event.version
        if before is not None:
            self.tenures[-1] = self.tenures[-1]._replace(until=event.at)
        if event.version is None:
            self._empty()
        else:
            self._condemned.discard(event.version)
            self._enter(event.version)
            self.tenures.append(Tenure(event.version, event.at, None))
        self.entered_from_empty = before is None
        self._purge()

    def _empty(self) -> None:
        if self.entered_from_empty:  # the revert of a first promotion
            self.rolled_back.update(self.stack[-1:])
        self.stack.clear()

    def _enter(self, version: str) -> None:
        if version not in self.stack:
            self.stack.append(version)
            return
        keep = self.stack.index(version) + 1
        self.rolled_back.update(self.stack[keep:])
        del self.stack[keep:]

    def _purge(self) -> None:
        self.stack = [v for v in self.stack if v not in self._condemned or v == self.holder]
