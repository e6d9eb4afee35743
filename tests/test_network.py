"""Nothing goes out over the network but a named download of a known SHA-256."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

from bmdsl.data import fetch

PACKAGE = Path(__file__).parents[1] / "bmdsl"
SPEAKS = {"socket", "ssl", "http.client", "urllib.request", "urllib3", "requests", "pooch"}
"""Modules by which a program reaches another machine."""
USE = r"""
import importlib, pkgutil, sys, warnings

tried = []


def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        tried.append((event, arguments[-1]))
        raise OSError("there is no network")


sys.addaudithook(watch)
warnings.simplefilter("ignore")
import bmdsl

for found in pkgutil.walk_packages(bmdsl.__path__, "bmdsl."):
    importlib.import_module(found.name)
machine = bmdsl.load("rbm", D=64, H=4).compile(backend="reference")
machine.train("digits", updates=1, batch=20, monitor=0, progress=False)
machine.sample(2, steps=1)
machine.save("rbm.safetensors")
from bmdsl.cli.main import status

for words in ("check rbm", "data", "check rbm.safetensors"):
    sys.argv = ["bm", *words.split()]
    assert status() == 0, words
assert not tried, tried
import socket

try:  # the watch sees what it should
    socket.create_connection(("127.0.0.1", 9))
except OSError:
    assert tried
else:
    raise AssertionError
print("nothing went out")
"""


def test_importing_and_using_the_package_opens_no_connection(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", USE]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.endswith("nothing went out\n")


def test_one_module_may_reach_other_machines_and_it_wants_a_hash() -> None:
    """The lock of a run asks for this machine's name alone."""
    speaking = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(word in (text := path.read_text(encoding="utf-8")) for word in SPEAKS)
        for node in ast.walk(ast.parse(text))
        if SPEAKS & named(node)
    }
    assert speaking == {"data/fetch.py", "runs/lock.py"}
    lock = (PACKAGE / "runs" / "lock.py").read_text(encoding="utf-8")
    assert set(re.findall(r"\bsocket\.(\w+)", lock)) == {"gethostname"}
    parameters = inspect.signature(fetch.find_file).parameters
    assert parameters["sha256"].default is inspect.Parameter.empty
    assert 'known_hash=f"sha256:{sha256}"' in inspect.getsource(fetch)


def named(node: ast.AST) -> set[str]:
    """Modules that a node imports, by a statement or by `needed("module", ...)`."""
    if isinstance(node, ast.Import):
        return {a.name for a in node.names}
    if isinstance(node, ast.ImportFrom) and not node.level:
        names = {a.name for a in node.names} - {"url2pathname"}  # which only rewrites a text
        return {node.module or "", *(f"{node.module}.{n}" for n in names)} if names else set()
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("needed", "import_module")):
        first = node.args[0] if node.args else None
        return {str(first.value)} if isinstance(first, ast.Constant) else set()
    return set()
