"""The hooks that pre-commit finds at the top call verbs that there are, on `.bm` files."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_hooks_call_verbs_on_files_of_models() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    hooks = [
        dict(re.findall(r"^[- ] (\w+): (.+)$", x, re.M)) for x in re.split(r"(?m)^(?=- )", text)
    ]
    hooks = [h for h in hooks if h]
    named = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    assert len(hooks) == 2
    for hook in hooks:
        program, verb = hook["entry"].split()
        assert program == "bm" and (ROOT / "bmdsl" / "cli" / "verbs" / f"{verb}.py").is_file()
        assert hook["language"] == "python" and re.search(hook["files"], "models/a.bm")
        assert not re.search(hook["files"], "a.bmp") and f"- id: {hook['id']}\n" in named
