"""The slow job and its audit of the pinned packages: a known weakness, a package that could not be
asked about and a service that does not answer each fail it, and say so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parents[1]
PIP_AUDIT = os.environ.get("PIP_AUDIT") or shutil.which("pip-audit")
CLOSED = "http://127.0.0.1:9"


@contextmanager
def advisories(known: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, list[str]]]:
    """A service as OSV's on this machine: its address, and what it was asked about."""
    asked: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.append(f"{name}=={query['version']}")
            found = {"vulns": known[name]} if name in known else {}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def audit(*words: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [TOP / ".ci/audit", *words],
        env={**os.environ, "PIP_AUDIT": str(PIP_AUDIT), **environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def by(address: str) -> tuple[str, ...]:
    return "--vulnerability-service", "osv", "--osv-url", address


@pytest.mark.slow
@pytest.mark.skipif(PIP_AUDIT is None, reason="needs pip-audit")
def test_the_audit_asks_about_the_pinned_packages_and_names_a_weak_one() -> None:
    pinned = set(
        re.findall(r"^([A-Za-z0-9][^=\s]*==[^\s;]+)", (TOP / ".ci/lock.txt").read_text(), re.M)
    )
    with advisories({}) as (address, asked):
        assert audit(*by(address))[0] == 0
    canonical = {re.sub(r"[-_.]+", "-", x.partition("==")[0]).lower() for x in pinned}
    assert {x.partition("==")[0] for x in asked} <= canonical and len(asked) > 50
    weak = {"id": "PYSEC-0000-1", "affected": [], "summary": "made up"}
    with advisories({"numpy": [weak]}) as (address, _):
        code, said = audit(*by(address))
    assert code == 1 and re.search(r"numpy\s.*PYSEC-0000-1", said)


@pytest.mark.slow
@pytest.mark.skipif(PIP_AUDIT is None, reason="needs pip-audit")
def test_an_audit_that_cannot_ask_fails_and_says_so() -> None:
    code, said = audit(*by(CLOSED))
    assert code != 0 and "No known vulnerabilities" not in said and "127.0.0.1" in said


def test_an_audit_without_advisories_says_that_nothing_was_audited() -> None:
    """As behind a mirror of PyPI, or without a network."""
    code, said = audit(https_proxy=CLOSED, PIP_AUDIT="/bin/true")
    assert code == 2 and "https://pypi.org/" in said and "nothing was audited" in said


def test_every_part_of_the_slow_job_is_run_and_one_that_fails_fails_it(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(TOP / ".ci/slow", tmp_path / ".ci")
    for name, code in (("audit", 1), ("versions", 0)):
        part = tmp_path / ".ci" / name
        part.write_text(f'#!/bin/sh\necho "{name} $*" >> ran\nexit {code}\n')
        part.chmod(0o755)
    done = subprocess.run([tmp_path / ".ci/slow"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "failed: audit\n"
    ran = (tmp_path / "ran").read_text().splitlines()
    assert ran == ["audit ", "versions oldest python3.11", "versions newest"]
