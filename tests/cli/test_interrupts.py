"""SIGINT and SIGTERM at any moment: exit 130 or 143, never a traceback, and what was
whole is kept.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.cli import main
from bmdsl.runtime.interrupts import Stopped

MODEL = """model m(D = 6, H = 4) {
  visible v[D] : binary  hidden h[H] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative pcd(chains = 20)  optimizer sgd(rate = 0.01)  batch 20
  epochs 100000 }
}
"""
COMMAND = [sys.executable, "-c", "from bmdsl.cli.entry import main; main()"]
LONGEST = 180
"""Seconds that a process may take to end on a busy machine."""


@pytest.fixture(autouse=True)
def _interrupts_arrive() -> Iterator[None]:
    """A shell that runs the tests in the background has them ignore SIGINT, and what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def started(folder: Path) -> subprocess.Popen[str]:
    (folder / "m.bm").write_text(MODEL)
    np.save(folder / "x.npy", (np.random.default_rng(0).random((200, 6)) < 0.4).astype(float))
    words = [*COMMAND, "train", "m.bm", "x.npy", "--out", "run", "--threads", "1"]
    return subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=LONGEST)
    finally:
        process.kill()  # one that has not ended would train on beside all other tests
    assert process.returncode == 128 + number, (process.returncode, err)
    assert "Traceback" not in err and "bug of bmdsl" not in err
    assert err.count("interrupted") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_is_stopped_keeps_its_last_whole_update(tmp_path: Path, number: int):
    process = started(tmp_path)
    deadline = time.monotonic() + LONGEST
    while not (tmp_path / "run" / "metrics.jsonl").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    ended(process, number)
    kept = bmdsl.open(tmp_path / "run")
    assert np.isfinite(kept.params["W"]).all()
    resumed = subprocess.run(
        [*COMMAND, "resume", "run", "--set", "train.epochs=1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert resumed.returncode == 0, resumed.stderr


def random_moments(folder: Path, count: int, longest: float) -> None:
    generator = np.random.default_rng(count)
    for k in range(count):
        inside = folder / str(k)
        inside.mkdir()
        process = started(inside)
        time.sleep(0.15 + generator.random() * longest)
        ended(process, signal.SIGINT if k % 2 else signal.SIGTERM)


def test_interrupts_at_random_moments_are_clean(tmp_path: Path):
    random_moments(tmp_path, 6, 2.5)


@pytest.mark.slow
def test_two_hundred_interrupts_at_random_moments_are_clean(tmp_path: Path):
    random_moments(tmp_path, 200, 6.0)


def test_a_signal_whose_exception_was_dropped_is_taken_at_the_next_check():
    from bmdsl.runtime.interrupts import Raising, Stopped, deferred

    handler = Raising()
    before = signal.signal(signal.SIGTERM, handler)
    try:

        class Dropping:
            def __del__(self) -> None:
                os.kill(os.getpid(), signal.SIGTERM)

        sys.unraisablehook, hook = (lambda _: None), sys.unraisablehook
        try:
            item = Dropping()
            del item
            time.sleep(0.01)
        except Stopped:  # the interpreter may take it a line later, where it is not dropped
            pass
        finally:
            sys.unraisablehook = hook
        assert handler.numbers == [signal.SIGTERM]
        with deferred() as pending, pytest.raises(Stopped) as stop:
            pending.check()
        assert stop.value.whole and stop.value.number == signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_among_imports_waits_until_their_lock_is_free():
    from bmdsl.runtime.interrupts import Raising, Stopped

    came: list[bool] = []
    lines = "raise_signal(SIGTERM); came.append(True)"
    importing = compile(lines, "<frozen importlib._bootstrap>", "exec")
    before = signal.signal(signal.SIGTERM, Raising())
    try:
        with pytest.raises(Stopped):
            exec(importing, {"came": came, **vars(signal)})
            time.sleep(60)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [True]


@pytest.mark.parametrize("error", [None, RuntimeError("no compiled object yet")])
def test_an_interrupt_of_python_that_was_dropped_is_raised_at_the_end(error: Exception | None):
    from bmdsl.runtime.threads import alone

    class Dropping:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    @alone
    def compiled() -> None:
        item = Dropping()
        del item
        if error is not None:
            raise error

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    sys.unraisablehook, hook = (lambda _: None), sys.unraisablehook
    try:
        with pytest.raises(KeyboardInterrupt):
            compiled()
    finally:
        sys.unraisablehook = hook
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_of_compiled_code_in_python_is_an_interrupt(tmp_path: Path):
    code = (
        "import os, signal, threading, time, bmdsl\nm = bmdsl.parse('model m { visible s[60] : spin"
        "  param J init 0.1  energy = - J s[i] s[wrap(i+1)] }').compile()\nm.sample(4,"
        " steps=1)\nthreading.Timer(0.5, lambda: os.kill(os.getpid(),"
        " signal.SIGINT)).start()\ntry:\n    while True: m.sample(2, steps=3)\nexcept"
        " KeyboardInterrupt:\n    print('clean')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        env=os.environ | {"NUMBA_NUM_THREADS": "1"},
    )
    assert done.stdout.strip() == "clean", done.stderr


def test_a_signal_before_the_verb_begins_or_after_its_end_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(seen: list[int]) -> int:
        raise Stopped(signal.SIGTERM, whole=False)

    monkeypatch.setattr(main, "_status", interrupted)
    assert main._on_this_rank() == 128 + signal.SIGTERM
    assert capsys.readouterr().err == "interrupted\n"
