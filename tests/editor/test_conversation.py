"""All that an editor asks for, by pytest-lsp, which holds every answer against the protocol and
knows what Visual Studio Code and Neovim can do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the language server needs pygls: bmdsl[lsp]")
pytest_lsp = pytest.importorskip("pytest_lsp", reason="the client is pytest-lsp")

from lsprotocol import types as lsp  # noqa: E402

MAIN = "import sys; sys.argv = ['bm', 'lsp']; from bmdsl.cli.entry import main; main()"
TEXT = """model tiny(D = 4, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary

  layers v -- h

  train {
    negative cd(steps = 1)
  }
}
"""
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(
    config=pytest_lsp.ClientServerConfig(server_command=[sys.executable, "-c", MAIN]),
    scope="module",
    params=["visual_studio_code", "neovim"],
)
async def client(request: pytest.FixtureRequest, lsp_client: pytest_lsp.LanguageClient):
    able = pytest_lsp.client_capabilities(request.param)
    await lsp_client.initialize_session(lsp.InitializeParams(capabilities=able))
    yield
    await lsp_client.shutdown_session()


async def says(client: Any, uri: str, text: str, version: int) -> list[lsp.Diagnostic]:
    """The diagnostics of a text as it is typed."""
    if version == 1:
        item = lsp.TextDocumentItem(uri=uri, language_id="bm", version=1, text=text)
        client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))
    else:
        client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                text_document=lsp.VersionedTextDocumentIdentifier(uri=uri, version=version),
                content_changes=[lsp.TextDocumentContentChangeWholeDocument(text=text)],
            )
        )
    await client.wait_for_notification(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return list(client.diagnostics[uri])


async def test_a_model_is_written_with_the_help_of_the_server(client: Any, tmp_path: Path) -> None:
    uri = (tmp_path / "tiny.bm").as_uri()
    document = lsp.TextDocumentIdentifier(uri=uri)

    def place(line: int, character: int) -> dict[str, Any]:
        return {"text_document": document, "position": lsp.Position(line, character)}

    # diagnostics while typing, and the cure of one
    (found,) = await says(client, uri, TEXT.replace(": binary", ": binray", 1), 1)
    assert found.code == "BM105" and found.range.start == lsp.Position(1, 17)
    assert "did you mean `binary`?" in found.message
    (action,) = await client.text_document_code_action_async(
        lsp.CodeActionParams(document, found.range, lsp.CodeActionContext([found]))
    )
    assert action.kind == lsp.CodeActionKind.QuickFix
    (edit,) = action.edit.changes[uri]
    assert edit.new_text == "binary" and edit.range == found.range
    assert await says(client, uri, TEXT, 2) == []

    # role, shape and the derived conditional
    told = await client.text_document_hover_async(lsp.HoverParams(**place(2, 10)))
    shown = told.contents.value
    assert "hidden, binary" in shown and "3" in shown and "σ(" in shown

    # definition, references, rename
    where = await client.text_document_definition_async(lsp.DefinitionParams(**place(4, 9)))
    assert where.range.start == lsp.Position(1, 10)
    context = lsp.ReferenceContext(include_declaration=True)
    uses = await client.text_document_references_async(
        lsp.ReferenceParams(context=context, **place(4, 9))
    )
    assert [u.range.start.line for u in uses] == [1, 4]
    edits = await client.text_document_rename_async(
        lsp.RenameParams(new_name="pixels", **place(4, 9))
    )
    assert [e.new_text for e in edits.changes[uri]] == ["pixels", "pixels"]

    # symbols, nested
    (model,) = await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document))
    assert model.name == "tiny" and [s.name for s in model.children] == ["D", "H", "v", "h"]

    # formatting
    untidy = TEXT.replace("  layers v -- h", " layers   v--h")
    assert await says(client, uri, untidy, 3) == []
    asked = lsp.DocumentFormattingParams(document, lsp.FormattingOptions(2, True))
    (edit,) = await client.text_document_formatting_async(asked)
    assert edit.new_text == TEXT
    assert await says(client, uri, TEXT, 4) == []
    assert not await client.text_document_formatting_async(asked)

    # completion in a text that does not parse yet
    for text, wanted in (
        ("model m { visible v[3] : ", {"binary", "gaussian", "categorical"}),
        ("model m { visible v[3] : binary\n  train { negative ", {"cd", "pcd", "exact"}),
    ):
        assert await says(client, uri, text, 5)
        line, character = text.count("\n"), len(text.rpartition("\n")[2])
        found = await client.text_document_completion_async(
            lsp.CompletionParams(**place(line, character))
        )
        items = found.items if isinstance(found, lsp.CompletionList) else found
        assert wanted <= {x.label for x in items}
    client.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
    await client.wait_for_notification(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    assert not client.diagnostics[uri]
