"""`bm check` of several files."""

from __future__ import annotations

import json

from .command import Bm


def test_all_files_are_looked_at_and_any_that_is_wrong_makes_it_fail(bm: Bm) -> None:
    (bm.folder / "other.bm").write_text("model o { visible v : binery  energy = - v }")
    done = bm("check", "wrong.bm", "rbm.bm", "other.bm", "gone.bm")
    assert done.returncode == 1 and "rbm.bm: model `rbm` is fine" in done.stdout
    assert "wrong.bm:5" in done.stderr and "other.bm:1" in done.stderr and "gone.bm" in done.stderr
    assert bm("check", "rbm.bm", "rbm.bm").returncode == 0


def test_as_json_every_file_has_its_own_answer(bm: Bm) -> None:
    done = bm("check", "rbm.bm", "wrong.bm", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1 and not found["ok"]
    assert [one["ok"] for one in found["files"]] == [True, False]
    assert found["files"][1]["diagnostics"][0]["line"] == 5
    one = json.loads(bm("check", "rbm.bm", "--json").stdout)
    assert one["ok"] and one["models"] == ["rbm"]
