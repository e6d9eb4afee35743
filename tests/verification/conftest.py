"""The command line's folder and `bm`."""

from tests.cli.conftest import bm, folder

__all__ = ["bm", "folder"]
