"""A page in headless Chromium: what it looks like, and what a script measures in it."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars"
    " --disable-background-networking --disable-component-update --disable-sync"
    " --enable-logging=stderr --virtual-time-budget=4000"
).split()
MEASURE = """<!doctype html><body style="margin:0"><iframe id="page" src="%s" width="%d" height="%d"
  style="border:0"></iframe><pre id="found"></pre><script>
addEventListener("load", () => {
  const page = document.getElementById("page"), own = page.contentDocument;
  const root = own.documentElement, images = [...own.images];
  const told = {
    width: root.clientWidth, scrolled: root.scrollWidth, height: root.scrollHeight,
    images: images.length, blank: images.filter(i => !i.complete || !i.naturalWidth).length,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    paper: page.contentWindow.getComputedStyle(own.body).backgroundColor,
    wide: [...own.querySelectorAll("body *")].filter(x => !x.closest(".scrolls, pre, svg")
      && x.getBoundingClientRect().right > root.clientWidth + 1).map(x => x.tagName).slice(0, 5),
  };
  document.getElementById("found").textContent = JSON.stringify(told);
});
</script>"""


@dataclass(frozen=True)
class Seen:
    """What a page measures at a width, `console` what it complains of, `picture` its screenshot."""

    width: int
    scrolled: int
    height: int
    images: int
    blank: int
    dark: bool
    paper: str
    wide: list[str]
    console: list[str]
    picture: Path


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            """Nothing."""

    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def look(page: Path, width: int, dark: bool, scratch: Path) -> Seen:
    """A page at a width of its window, in a light or a dark scheme."""
    assert CHROMIUM is not None
    name = f"{page.stem}-{width}-{'dark' if dark else 'light'}"
    frame = page.parent / f"{name}.frame.html"
    scheme = [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    flags = [CHROMIUM, *FLAGS, *scheme, f"--user-data-dir={scratch / 'profile'}"]
    with served(page.parent) as address:

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            command = [*flags, *words, f"{address}/{frame.name}"]
            return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)

        frame.write_text(MEASURE % (page.name, width, 900))
        done = run("--dump-dom")
        text = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
        assert text is not None and text[1], done.stderr[-2000:]
        told = json.loads(text[1].replace("&quot;", '"').replace("&amp;", "&"))
        frame.write_text(MEASURE % (page.name, width, told["height"]))
        picture = scratch / f"{name}.png"
        run(f"--screenshot={picture}", f"--window-size={max(width, 500)},{told['height']}")
    frame.unlink()
    console = [x for x in done.stderr.splitlines() if "CONSOLE" in x]
    return Seen(**told, console=console, picture=picture)
