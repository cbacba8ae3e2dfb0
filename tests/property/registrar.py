"""Random legal histories of a registry, made with a small model of the rules that shares no code with Studbook.

A `Registrar` keeps what a registry should be (versions, stages, undo stacks), draws a legal step, and commits it: straight
onto main, as a squash, as a merge of a branch, or of a branch that main has left behind.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from support import samples
from support.lab import START, Content, Lab

SOAK = 3600
POLICY = """\
convention: 1
stages:
  staging: {from: [registered], rollback: any}
  production:
    from: [staging]
    soak: 1h
    reason: required
    gates:
      - {require: '"holdout" in candidate.evaluations', message: evaluate it first}
"""
Files = dict[str, Content]


@dataclass
class StageState:
    """A stage as the rules have it: the undo stack, who was rolled back, and when the present tenure began."""

    stack: list[str] = field(default_factory=list)
    rolled_back: set[str] = field(default_factory=set)
    since: int = 0
    longest: dict[str, int] = field(default_factory=dict)

    @property
    def holder(self) -> str | None:
        return self.stack[-1] if self.stack else None

    def soaked(self, version: str, now: int) -> int:
        running = now - self.since if self.holder == version else 0
        return max(running, self.longest.get(version, 0))

    def move(self, version: str, now: int) -> None:
        if (old := self.holder) is not None:
            self.longest[old] = max(self.longest.get(old, 0), now - self.since)
        if version in self.stack:
            keep = self.stack.index(version) + 1
            self.rolled_back.update(self.stack[keep:])
            del self.stack[keep:]
        else:
            self.stack.append(version)
        self.since = now


@dataclass
class ModelState:
    versions: list[str] = field(default_factory=list)
    archived: set[str] = field(default_factory=set)
    evaluations: dict[str, int] = field(default_factory=dict)
    staging: StageState = field(default_factory=StageState)
    production: StageState = field(default_factory=StageState)

    def holders(self) -> set[str]:
        return {h for h in (self.staging.holder, self.production.holder) if h}

    def free(self) -> list[str]:
        return [v for v in self.versions if v not in self.archived]


class Registrar:
    def __init__(self, lab: Lab, rng: random.Random) -> None:
        self.lab = lab
        self.rng = rng
        self.now = START
        self.models: dict[str, ModelState] = {}
        self.files: dict[str, Content] = {}
        self._commit({"registry/registry.yaml": POLICY}, "begin")
        for name in ("churn", "growth/ltv"):
            self.models[name] = ModelState()
            self._commit({f"registry/{name}/model.yaml": 'description: a model\nowners: ["@acme/ml"]\n'}, f"add {name}")

    def _commit(self, files: Files, message: str) -> None:
        self._wait()
        self.files.update(files)
        self.lab.commit(files, at=self.now, message=message)

    def _wait(self) -> None:
        self.now += self.rng.choice([60, 600, 2 * SOAK, 24 * SOAK])

    def draw(self) -> tuple[str, Files]:
        """A legal step, already entered into the model: what it is called, and the files that it changes."""
        self._wait()
        moves = [
            self._register,
            self._evaluate,
            self._stage,
            self._promote,
            self._roll_back,
            self._archive,
            self._unarchive,
        ]
        while True:
            name = self.rng.choice(sorted(self.models))
            if files := self.rng.choice(moves)(name, self.models[name]):
                return f"{name}: {sorted(files)[0]}", files

    def _register(self, name: str, model: ModelState) -> Files:
        version = f"1.{len(model.versions)}.0"
        model.versions.append(version)
        files: Files = dict(samples.version_files(name, version))
        if self.rng.random() < 0.5:
            files |= self._evaluate(name, model, version)
        return files

    def _evaluate(self, name: str, model: ModelState, version: str | None = None) -> Files:
        if not model.versions:
            return {}
        version = version or self.rng.choice(model.versions)
        run = model.evaluations[version] = model.evaluations.get(version, 0) + 1
        path = f"registry/{name}/versions/{version}/evaluations/holdout/run-{run}.yaml"
        return {path: samples.evaluation(name, version)}

    def _enter(self, name: str, stage: str, state: StageState, version: str) -> Files:
        retry = "it was a false alarm" if version in state.rolled_back and version not in state.stack else None
        state.move(version, self.now)
        return {f"registry/{name}/stages/{stage}.yaml": samples.stage(version, f"step at {self.now}", retry)}

    def _stage(self, name: str, model: ModelState) -> Files:
        choice = [v for v in model.free() if v not in model.staging.stack]
        return self._enter(name, "staging", model.staging, self.rng.choice(choice)) if choice else {}

    def _promote(self, name: str, model: ModelState) -> Files:
        ready = [
            v
            for v in model.free()
            if v in model.staging.stack
            and v not in model.production.stack
            and model.evaluations.get(v)
            and model.staging.soaked(v, self.now) >= SOAK
        ]
        return self._enter(name, "production", model.production, self.rng.choice(ready)) if ready else {}

    def _roll_back(self, name: str, model: ModelState) -> Files:
        stage = self.rng.choice(["staging", "production"])
        state = model.staging if stage == "staging" else model.production
        below = state.stack[:-1]
        if not below:
            return {}
        return self._enter(name, stage, state, self.rng.choice(below) if stage == "staging" else below[-1])

    def _archive(self, name: str, model: ModelState) -> Files:
        choice = [v for v in model.free() if v not in model.holders()]
        if not choice:
            return {}
        version = self.rng.choice(choice)
        model.archived.add(version)
        for state in (model.staging, model.production):
            state.stack = [v for v in state.stack if v != version]
        return {f"registry/{name}/versions/{version}/archived.yaml": "reason: out of use\n"}

    def _unarchive(self, name: str, model: ModelState) -> Files:
        if not model.archived:
            return {}
        version = self.rng.choice(sorted(model.archived))
        model.archived.remove(version)
        return {f"registry/{name}/versions/{version}/archived.yaml": None}

    def propose(self, files: Files) -> None:
        """Put a step on the branch `topic`, which begins at main or, where nobody else touched these files, behind it."""
        start = self.lab.git("rev-parse", "main")
        behind = self.lab.git("rev-parse", "main~1")
        touched = self.lab.git("diff", "--name-only", behind, start).split("\n")
        if self.rng.random() < 0.3 and not set(touched) & set(files):
            start = behind
        parts = [files] if self.rng.random() < 0.7 else [{k: files[k]} for k in sorted(files)]
        self.lab.git("update-ref", "-d", "refs/heads/topic")
        for number, part in enumerate(parts):
            self.lab.commit(part, branch="topic", at=self.now, parents=[start] if number == 0 else None)

    def merge(self, files: Files, message: str) -> None:
        """Merge `topic` as GitHub would: a merge commit, or a squash."""
        self.files.update(files)
        main, topic = self.lab.git("rev-parse", "main"), self.lab.git("rev-parse", "topic")
        parents = [main, topic] if self.rng.random() < 0.5 else [main]
        self.lab.commit(files, at=self.now, message=message, parents=parents)
