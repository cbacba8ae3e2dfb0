"""The deployment log of a model: who put which version into which stage, when, why, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from studbook.git import Repository
from studbook.git.authors import Signed, signed
from studbook.git.log import Commit
from studbook.history import Held, StageHistory, WasArchived, replay
from studbook.past import GitPast
from studbook.snapshot import Documents, Snapshot

Kind = Literal["promotion", "rollback", "emptied"]
Events = tuple[Held | WasArchived, ...]


class Turn(NamedTuple):
    """One change of a stage, as merged."""

    stage: str
    commit: str
    """The first-parent commit that changed the stage."""
    at: datetime
    """UTC; never before the commit's first parent."""
    old: str | None
    new: str | None
    """None: nobody holds the stage."""
    kind: Kind
    author: str
    """Who wrote the change."""
    merger: str
    """Who merged it; the author, where it was not merged or was squashed."""
    why: str
    """A promotion's reason as the file gives it; else what the commit says, for the file then shows an older reason."""
    message: str
    """The commit's own message, whole."""
    until: datetime | None
    """When `new` left the stage; None while it holds it, or where the stage was emptied."""

    def seconds(self, now: int) -> int | None:
        """How long `new` stayed, up to `now`; None where the stage was emptied."""
        if self.new is None:
            return None
        return max(0, (int(self.until.timestamp()) if self.until else now) - int(self.at.timestamp()))


class RecordedPast(GitPast):
    """The past, with the events that each stage's history was replayed from."""

    def __init__(self, repo: Repository, documents: Documents, commit: str) -> None:
        super().__init__(repo, documents, commit, (commit,))
        self._recorded: dict[str, Mapping[str, Events]] = {}

    def events(self, model: str) -> Mapping[str, Events]:
        self.stages(model)
        return self._recorded[model]

    def _replay(self, model: str, commits: list[Commit]) -> dict[str, StageHistory]:
        histories = super()._replay(model, commits)
        self._recorded[model] = {stage: tuple(self._events(stage, commits)) for stage in histories}
        return histories


class _Move(NamedTuple):
    """A turn before anybody is asked who did it."""

    stage: str
    event: Held
    old: str | None
    rollback: bool
    until: int | None


def turns(repo: Repository, documents: Documents, past: RecordedPast, model: str, stages: Sequence[str]) -> list[Turn]:
    """Every turn of these stages of a model, newest first."""
    events = past.events(model)
    moves = [move for stage in stages for move in _moves(stage, events.get(stage, ()))]
    commits = signed(repo.git, (move.event.at.commit for move in moves))
    tips = signed(repo.git, (c.parents[1] for c in commits.values() if len(c.parents) > 1))
    found = []
    for move in moves:
        commit = commits[move.event.at.commit]
        tip = tips[commit.parents[1]] if len(commit.parents) > 1 else commit
        found.append(_turn(Snapshot(repo.tree(commit.oid), documents), model, move, commit, tip))
    return sorted(found, key=lambda turn: turn.at)[::-1]  # of one second, the later first


def _moves(stage: str, events: Events) -> Iterator[_Move]:
    """The events that changed who holds a stage, and whether each was a rollback."""
    places = [at for at, event in enumerate(events) if isinstance(event, Held)]
    before = StageHistory()
    moves: list[_Move] = []
    for at in places:
        event = events[at]
        before = replay(events[:at])
        if not isinstance(event, Held) or event.version == before.holder:
            continue
        rollback = before.entered_from_empty if event.version is None else event.version in before.below
        if moves:
            moves[-1] = moves[-1]._replace(until=event.at.time)
        moves.append(_Move(stage, event, before.holder, rollback, None))
    yield from moves


def _turn(snapshot: Snapshot, model: str, move: _Move, commit: Signed, tip: Signed) -> Turn:
    file = snapshot.stage_file(model, move.stage)
    reason = (file.record.reason or "").strip() if file and file.record else ""
    kind: Kind = "rollback" if move.rollback else "emptied" if move.event.version is None else "promotion"
    return Turn(
        stage=move.stage,
        commit=commit.oid,
        at=_moment(move.event.at.time),
        old=move.old,
        new=move.event.version,
        kind=kind,
        author=tip.author,
        merger=commit.author,
        why=reason if kind == "promotion" and reason else said(commit.message, tip.message),
        message=commit.message,
        until=_moment(move.until) if move.until is not None and move.event.version is not None else None,
    )


def said(message: str, proposed: str) -> str:
    """What a commit says for people: without what `git merge`, `git revert` and forges write by themselves."""
    lines = _paragraphs(message)
    if lines and lines[0].startswith("Merge "):
        lines = lines[1:] or _paragraphs(proposed)
    return ": ".join(lines[:2])


def _paragraphs(message: str) -> list[str]:
    paragraphs = (" ".join(part.split()) for part in message.split("\n\n"))
    return [part for part in paragraphs if part and not part.startswith(_BOILERPLATE)]


_BOILERPLATE = ("This reverts commit ", "Co-authored-by: ", "Signed-off-by: ", "* ")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
