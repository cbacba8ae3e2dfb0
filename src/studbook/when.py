"""`--at`: a revision or a date, and the commit that it means."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from studbook.diagnostic import Fault
from studbook.git import Repository, log

_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_DATE = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})(?:[Tt ]({_CLOCK}))?([Zz]|[+-]\d{{2}}:?\d{{2}})?", re.ASCII)
_DAY = timedelta(days=1)


class Interval(NamedTuple):
    """Seconds since 1970, both inclusive."""

    start: int
    end: int


class When(NamedTuple):
    """What is read: a commit, and the moment that is asked about."""

    commit: str
    now: int
    """Seconds since 1970: the moment that a date names, never later than the wall clock; else the wall clock."""
    day: Interval | None = None
    """The whole day, where a date without a time was given: questions about a time cover all of it."""


def find(repo: Repository, at: str | None) -> When:
    """The commit that `at` means: HEAD, a revision, or the last first-parent commit of HEAD at or before a date.

    A date without a time stands for the end of that day; one without a zone is UTC. Raises `Fault` where there is no
    such revision, moment or commit.
    """
    wall = int(time.time())
    if at is None or _DATE.fullmatch(at) is None:
        return When(repo.resolve(at or "HEAD"), wall)
    asked = interval(at)
    commit = last_commit(repo, asked.end)
    if commit is None:
        raise _too_early(repo, at)
    return When(commit, min(asked.end, wall), asked if asked.start < asked.end else None)


def interval(date: str) -> Interval:
    """The day or the moment that a date names."""
    match = _DATE.fullmatch(date)
    if match is None:
        raise Fault(f"{date} is no date", "write it as 2026-03-01 or 2026-03-01T14:05Z")
    day, clock, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{(zone or 'Z').upper()}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Fault(f"there is no such moment as {date}", "write it as 2026-03-01 or 2026-03-01T14:05Z") from error
    start = int(moment.timestamp())
    return Interval(start, start if clock else start + int(_DAY.total_seconds()) - 1)


def last_commit(repo: Repository, moment: int) -> str | None:
    """The last first-parent commit of HEAD at or before `moment` (seconds since 1970); None before the first."""
    found: str | None = None
    for commit, at in log.clock(repo.git, repo.resolve("HEAD")).items():  # oldest first, and never going back
        if at > moment:
            break
        found = commit
    return found


def _too_early(repo: Repository, at: str) -> Fault:
    if repo.is_shallow:
        return Fault(f"this shallow clone does not reach back to {at}", "fetch the full history: git fetch --unshallow")
    return Fault(f"this repository has no commit at or before {at}", "give a later date, or a revision")
