"""The server over standard input and output, spoken to as an editor speaks."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the language server needs pygls: bmdsl[lsp]")

MAIN = "import sys; sys.argv = ['bm', 'lsp']; from bmdsl.cli.entry import main; main()"
WRONG = """model tiny(D = 4, H = 3) {
  visible v[D] : binray
  hidden  h[H] : binary
  layers v -- h
}
"""
RIGHT = WRONG.replace("binray", "binary")
TIDY = RIGHT


class Editor:
    """A client: requests wait for their answers, notifications are kept."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
        )
        self.told: Queue[dict[str, Any]] = Queue()
        self.number = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        out = self.process.stdout
        assert out is not None
        while head := out.readline():
            length = int(head.split(b":")[1]) if head.lower().startswith(b"content-length") else 0
            while out.readline().strip():
                pass
            self.told.put(json.loads(out.read(length)))

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        body = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            body["id"] = number
        text = json.dumps(body).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self.process.stdin.flush()

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        self.send(method, params, self.number)
        while True:
            found = self.told.get(timeout=60)
            if found.get("id") == self.number and "method" not in found:
                assert "error" not in found, found
                return found["result"]

    def diagnostics(self) -> list[dict[str, Any]]:
        while True:
            found = self.told.get(timeout=60)
            if found.get("method") == "textDocument/publishDiagnostics":
                return list(found["params"]["diagnostics"])


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    one = Editor(tmp_path_factory.mktemp("editor"))
    found = one.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert found["serverInfo"]["name"] == "bmdsl"
    can = found["capabilities"]
    for name in ("hover", "definition", "references", "documentSymbol", "documentFormatting"):
        assert can[f"{name}Provider"]
    assert can["completionProvider"] and can["renameProvider"] and can["codeActionProvider"]
    one.send("initialized", {})
    yield one
    one.ask("shutdown", None)
    one.send("exit", None)
    assert one.process.wait(timeout=30) == 0


@pytest.fixture
def uri(editor: Editor, tmp_path: Path) -> Iterator[str]:
    """An open document with an error."""
    where = (tmp_path / "tiny.bm").as_uri()
    item = {"uri": where, "languageId": "bm", "version": 1, "text": WRONG}
    editor.send("textDocument/didOpen", {"textDocument": item})
    found = editor.diagnostics()
    assert [d["code"] for d in found] == ["BM105"]
    assert found[0]["range"]["start"] == {"line": 1, "character": 17}
    assert "did you mean `binary`?" in found[0]["message"]
    yield where
    editor.send("textDocument/didClose", {"textDocument": {"uri": where}})
    assert editor.diagnostics() == []


def place(uri: str, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


def change(editor: Editor, uri: str, text: str) -> list[dict[str, Any]]:
    document = {"uri": uri, "version": 2}
    editor.send(
        "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]}
    )
    return editor.diagnostics()


def test_a_cure_is_offered_and_mends_the_text(editor: Editor, uri: str):
    here = {"start": {"line": 1, "character": 18}, "end": {"line": 1, "character": 18}}
    (action,) = editor.ask(
        "textDocument/codeAction",
        {"textDocument": {"uri": uri}, "range": here, "context": {"diagnostics": []}},
    )
    assert action["title"] == "Replace `binray` by `binary`" and action["kind"] == "quickfix"
    (edit,) = action["edit"]["changes"][uri]
    assert edit["newText"] == "binary" and edit["range"]["end"]["character"] == 23
    assert change(editor, uri, RIGHT) == []


def test_a_conversation_about_names(editor: Editor, uri: str):
    assert change(editor, uri, RIGHT) == []
    told = editor.ask("textDocument/hover", place(uri, 2, 10))
    assert "hidden, binary" in told["contents"]["value"] and "σ(" in told["contents"]["value"]
    where = editor.ask("textDocument/definition", place(uri, 3, 9))
    assert where["range"]["start"] == {"line": 1, "character": 10}
    uses = editor.ask(
        "textDocument/references",
        {**place(uri, 3, 9), "context": {"includeDeclaration": True}},
    )
    assert [u["range"]["start"]["line"] for u in uses] == [1, 3]
    edits = editor.ask("textDocument/rename", {**place(uri, 3, 9), "newName": "pixels"})
    assert len(edits["changes"][uri]) == 2
    symbols = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert [s["name"] for s in symbols] == ["tiny"]
    assert [s["name"] for s in symbols[0]["children"]] == ["D", "H", "v", "h"]


def test_completion_while_a_line_is_being_written(editor: Editor, uri: str):
    assert change(editor, uri, "model m { visible v[3] : ")
    found = editor.ask("textDocument/completion", place(uri, 0, 25))
    items = found["items"] if isinstance(found, dict) else found
    assert {"binary", "gaussian", "categorical"} <= {x["label"] for x in items}


def test_formatting_gives_the_one_style(editor: Editor, uri: str):
    options = {"tabSize": 2, "insertSpaces": True}
    asked = {"textDocument": {"uri": uri}, "options": options}
    assert change(editor, uri, RIGHT.replace("  layers v -- h", " layers   v--h")) == []
    (edit,) = editor.ask("textDocument/formatting", asked)
    assert edit["newText"] == TIDY
    assert change(editor, uri, TIDY) == []
    assert not editor.ask("textDocument/formatting", asked)
