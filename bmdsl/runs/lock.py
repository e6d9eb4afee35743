"""One training at a time in a run's folder."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from ..files import named
from ..language.decoding import json_of
from ..language.diagnostics import fail

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # then nothing is locked

LOCK = ".lock"


class Lock:
    """A lock on a folder, which the system drops with the process that holds it, however that ends:
    the file of a dead process holds nobody up.

    The file says who holds it, for the message.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises BM831 if another training holds it."""
        while True:
            with named(self.path):
                descriptor = self._opened()
            try:
                if fcntl is not None:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 1000)
                os.close(descriptor)
                raise self._busy(holder) from None
            except OSError:  # a file system without locks
                pass
            if self._is_ours(descriptor):
                break
            os.close(descriptor)  # its holder has removed it just before: a new one is made
        who = json.dumps({"process": os.getpid(), "host": socket.gethostname()})
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, who.encode(), 0)
        self._descriptor = descriptor

    def _opened(self) -> int:
        """The file, made where it is not there. What is a link is no lock: a stranger's would have
        a file elsewhere written over.
        """
        flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
        while True:
            if self.path.is_symlink():
                self.path.unlink(missing_ok=True)
            descriptor = os.open(self.path, flags, 0o666)
            if os.fstat(descriptor).st_nlink <= 1:  # 0: its holder has removed it just before
                return descriptor
            os.close(descriptor)
            self.path.unlink(missing_ok=True)

    def release(self) -> None:
        """Removes the file, then lets go."""
        if self._descriptor is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _is_ours(self, descriptor: int) -> bool:
        """Whether the file that is locked is still the one that has the name."""
        try:
            there, ours = os.stat(self.path), os.fstat(descriptor)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _busy(self, holder: bytes) -> Exception:
        try:
            facts = json_of(holder)
            who = f"by process {int(facts['process'])} on `{str(facts['host'])!s}`"
        except (ValueError, KeyError, TypeError):
            who = "by another process"
        return fail(
            "BM831",
            f"`{self.path.parent}` is being trained into {who}",
            help="another folder, or wait until that training ends; `bm watch` shows it",
        )
