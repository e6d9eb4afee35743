"""`bm` in this process: quicker than a new one for every test."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bmdsl.cli import main as command_line


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


class Bm:
    """Call it with the words after `bm`; it runs in `folder`."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys
        monkeypatch.chdir(folder)

    def __call__(self, *arguments: object) -> Done:
        self.monkeypatch.setattr(sys, "argv", ["bm", *map(str, arguments)])
        self.capsys.readouterr()
        logger = logging.getLogger("bmdsl")
        before = logger.propagate, logger.handlers
        code = command_line.status()
        logger.propagate, logger.handlers = before  # a process of its own would end here
        out, err = self.capsys.readouterr()
        assert "Traceback" not in err
        return Done(code, out, err)
