"""Plain files of a registry, as text."""

from __future__ import annotations

import json

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MD5 = "098f6bcd4621d373cade4e832627b4f6"


def manifest(model: str, version: str, **changes: object) -> str:
    """JSON is YAML: one key per line, so that a diff and a caret stay readable."""
    value: dict[str, object] = {
        "convention": 1,
        "model": model,
        "version": version,
        "created": "2026-01-01T00:00:00Z",
        "artifacts": [{"path": "model.onnx", "size": 4, "sha256": SHA256, "format": "onnx"}],
        "params": {"depth": 6},
        "metrics": {"auc": 0.9},
        "lineage": {"origin": {"uri": "https://models.example.com/churn"}},
    }
    for route, item in changes.items():
        _set(value, route.split("."), item)
    return "".join(f"{key}: {json.dumps(item)}\n" for key, item in value.items())


def _set(value: dict[str, object], route: list[str], item: object) -> None:
    for key in route[:-1]:
        value = value.setdefault(key, {})  # type: ignore[assignment]
    if item is None:
        value.pop(route[-1], None)
    else:
        value[route[-1]] = item


def pointer(path: str = "model.onnx", size: int = 4, md5: str = MD5) -> str:
    return f"outs:\n- md5: {md5}\n  size: {size}\n  hash: md5\n  path: {path}\n"


def version_files(model: str, version: str, root: str = "registry", **changes: object) -> dict[str, str]:
    folder = f"{root}/{model}/versions/{version}"
    return {f"{folder}/manifest.yaml": manifest(model, version, **changes), f"{folder}/model.onnx.dvc": pointer()}


def stage(version: str, reason: str | None = "better", retry: str | None = None) -> str:
    lines = [f"version: {version}", reason and f"reason: {reason}", retry and f"retry: {retry}"]
    return "".join(f"{line}\n" for line in lines if line)


def evaluation(
    model: str, version: str, auc: float = 0.9, created: str = "2026-01-02T00:00:00Z", md5: str = MD5
) -> str:
    return (
        f'convention: 1\nmodel: {model}\nversion: {version}\ncreated: "{created}"\n'
        f'metrics: {{auc: {auc}}}\ndata: {{name: holdout, md5: "{md5}"}}\n'
    )
