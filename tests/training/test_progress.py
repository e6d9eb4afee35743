"""Progress where nobody watches: a line at times, with the time that is left."""

from __future__ import annotations

import time

import pytest

from bmdsl.training import progress


def test_a_log_gets_lines_at_growing_pauses_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.progress_line(1000, None) as show:
        for done in range(1, 1001):
            clock[0] = 0.1 * done
            show(done, {"gradient": 0.5})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[0] == "100 of 1,000 after 10 s, 91 s left  gradient 0.5"


def test_a_short_training_and_an_unwanted_one_say_nothing(capsys: pytest.CaptureFixture[str]):
    for wanted in (None, False):
        with progress.progress_line(10, wanted) as show:
            show(10, {})
    assert capsys.readouterr().err == ""


def test_a_wait_for_compiling_is_told_until_the_first_update(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(progress, "FIRST_LINE", 0.01)
    with progress.progress_line(10, None):
        time.sleep(0.2)
    assert capsys.readouterr().err == f"{progress.COMPILING} ...\n"
    lines = progress.Lines(10)
    lines(1, {})
    capsys.readouterr()
    lines.wait()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (120, "2 min"), (7500, "2 h 05 min")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str):
    assert progress.duration(seconds) == text


def test_a_machine_trains_in_silence_or_with_a_bar(capsys: pytest.CaptureFixture[str]):
    import numpy as np

    import bmdsl

    text = "model m { visible v[3] : binary  param b  energy = - b[i] v[i] }"
    for wanted, shown in ((False, False), (True, True)):
        bmdsl.parse(text).compile(backend="reference").train(
            np.eye(3), epochs=2, batch=3, negative="exact", progress=wanted
        )
        assert ("2/2" in capsys.readouterr().err) is shown
