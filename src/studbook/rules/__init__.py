"""What is judged: one line per rule, in the order in which they are told.

A rule is a function in its family's module, a line here, and a page `pages/<id>.md` whose examples are its tests.
"""

from __future__ import annotations

from studbook.diagnostic import Severity
from studbook.rules import artifacts, files, gating, git, history, lineage, policy, remote, transitions
from studbook.rules.rule import Rule

_WARNING = Severity.WARNING

RULES: tuple[Rule, ...] = (
    Rule("yaml-syntax", "files", is_state=True, file=(files.document("yaml-syntax"),), of_unsound=True),
    Rule("yaml-duplicate-key", "files", is_state=True, file=(files.document("yaml-duplicate-key"),), of_unsound=True),
    Rule("yaml-feature", "files", is_state=True, file=(files.document("yaml-feature"),), of_unsound=True),
    Rule("yaml-limits", "files", is_state=True, file=(files.document("yaml-limits"),), of_unsound=True),
    Rule("schema", "files", is_state=True, file=(files.schema,), of_unsound=True),
    Rule("unknown-file", "files", is_state=True, step=files.too_deep, file=(files.unknown_file, artifacts.unlisted)),
    Rule("unsafe-file-type", "files", is_state=True, file=(files.unsafe_file_type,), of_unsound=True),
    Rule("name", "files", is_state=True, file=(files.file_name,), model=(files.model_name,), version=(files.version_name,)),
    Rule("identity-mismatch", "files", is_state=True, file=(files.identity_mismatch,)),
    Rule(
        "missing-file", "files", is_state=True,
        step=files.missing_policy, model=(files.missing_model,), version=(files.missing_manifest,),
    ),
    Rule("artifact-untracked", "artifacts", is_state=True, version=(artifacts.untracked,)),
    Rule("artifact-in-git", "artifacts", is_state=True, file=(artifacts.in_git,)),
    Rule("artifact-pointer", "artifacts", is_state=True, file=(artifacts.pointer,)),
    Rule("artifact-mismatch", "artifacts", is_state=True, version=(artifacts.mismatch,)),
    Rule("artifact-format", "artifacts", version=(artifacts.artifact_format,)),
    Rule("artifact-not-in-remote", "artifacts", version=(remote.not_in_remote,)),
    Rule("artifact-corrupt", "artifacts", version=(remote.corrupt,)),
    Rule("parent-missing", "lineage", version=(lineage.parent_missing,)),
    Rule("parent-archived", "lineage", version=(lineage.parent_archived,)),
    Rule("lineage-cycle", "lineage", is_state=True, version=(lineage.lineage_cycle,)),
    Rule("code-not-found", "lineage", step=lineage.code_not_found),
    Rule("archived-ancestor", "lineage", _WARNING, step=lineage.archived_ancestor),
    Rule("version-changed", "history", version=(history.version_changed,)),
    Rule("version-removed", "history", version=(history.version_removed,)),
    Rule("version-reused", "history", version=(history.version_reused,)),
    Rule("evaluation-changed", "history", version=(history.evaluation_changed,)),
    Rule("model-removed", "history", model=(history.model_removed,)),
    Rule("stage-unknown", "transitions", stage=(transitions.stage_unknown,)),
    Rule("stage-dangling", "transitions", is_state=True, model=(transitions.stage_dangling,)),
    Rule("stage-archived", "transitions", is_state=True, model=(transitions.stage_archived,)),
    Rule("illegal-transition", "transitions", stage=(transitions.illegal_transition,)),
    Rule("stage-emptied", "transitions", stage=(transitions.stage_emptied,)),
    Rule("stage-detour", "transitions", step=transitions.stage_detour),
    Rule("soak", "transitions", stage=(transitions.soak,)),
    Rule("gate-failed", "transitions", stage=(gating.gate_failed,), version=(gating.registration_failed,)),
    Rule("gate-error", "transitions", stage=(gating.gate_error,), version=(gating.registration_error,)),
    Rule("reason-missing", "transitions", stage=(transitions.reason_missing,)),
    Rule("rollback-forbidden", "transitions", stage=(transitions.rollback_forbidden,)),
    Rule("rolled-back", "transitions", stage=(transitions.rolled_back,)),
    Rule("unarchived", "transitions", _WARNING, version=(transitions.unarchived,)),
    Rule("mixed-promotion", "transitions", _WARNING, step=transitions.mixed_promotion),
    Rule("no-effect", "transitions", _WARNING, step=transitions.no_effect),
    Rule("policy-invalid", "policy", is_state=True, step=policy.policy_invalid, file=(policy.model_gates,)),
    Rule("stage-removed", "policy", step=policy.stage_removed),
    Rule("merge-conflict", "git", step=git.merge_conflict),
    Rule("history-missing", "git", step=git.history_missing),
    Rule("clock", "git", step=git.clock),
)  # fmt: skip
BY_ID = {rule.id: rule for rule in RULES}


def page(rule: str) -> str:
    """The rule's page, Markdown: what it does, why, how to put it right, and examples that are run as tests."""
    from importlib.resources import files as resources

    return resources(__name__).joinpath("pages", f"{rule}.md").read_text(encoding="utf-8")


def summary(rule: str) -> str:
    """The page's first sentence."""
    return page(rule).split("\n", 2)[2].strip().split("\n\n")[0].replace("\n", " ")
