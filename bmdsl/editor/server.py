"""The language server: the Language Server Protocol over standard input and output, by pygls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from ..language.diagnostics import BmError, Diagnostic
from ..language.format import format
from ..language.source import Span
from ..language.tree import File, ModelDefinition
from ..language.version import VERSION
from . import completions, cures, hovers, names
from .document import Document

SYMBOLS = {
    "model": lsp.SymbolKind.Class,
    "stack": lsp.SymbolKind.Module,
    "layer": lsp.SymbolKind.Field,
    "group": lsp.SymbolKind.Variable,
    "parameter": lsp.SymbolKind.Property,
    "graph": lsp.SymbolKind.Array,
    "argument": lsp.SymbolKind.Constant,
}
COMPLETIONS = {
    "keyword": lsp.CompletionItemKind.Keyword,
    "type": lsp.CompletionItemKind.Class,
    "function": lsp.CompletionItemKind.Function,
    "setting": lsp.CompletionItemKind.Property,
    "option": lsp.CompletionItemKind.Field,
    "model": lsp.CompletionItemKind.Class,
}


class Documents:
    """Analyses by place, made anew when a text has changed."""

    def __init__(self, server: LanguageServer) -> None:
        self.server = server
        self.known: dict[str, Document] = {}

    def of(self, uri: str) -> Document:
        """The text as the editor has it now."""
        text = self.server.workspace.get_text_document(uri).source
        before = self.known.get(uri)
        if before is None or before.text != text:
            self.known[uri] = Document(text, _path(uri))
        return self.known[uri]


def _path(uri: str) -> Path | None:
    parts = urlparse(uri)
    return Path(url2pathname(unquote(parts.path))) if parts.scheme == "file" else None


def _range(d: Document, span: Span) -> lsp.Range:
    return lsp.Range(lsp.Position(*d.position(span.start)), lsp.Position(*d.position(span.end)))


def _offset(d: Document, at: lsp.Position) -> int:
    return d.offset(at.line, at.character)


def _shown(d: Document, uri: str, one: Diagnostic) -> lsp.Diagnostic:
    """With notes and helps below the message, and other places beside it."""
    own = one.span if one.span is not None and one.span.source == d.source else None
    more = [*(f"note: {n}" for n in one.notes), *(f"help: {h}" for h in one.helps)]
    start = lsp.Position(0, 0)
    return lsp.Diagnostic(
        range=_range(d, own) if own is not None else lsp.Range(start, start),
        message="\n".join([one.message + (f": {one.label}" if one.label else ""), *more]),
        severity=lsp.DiagnosticSeverity.Error
        if one.level == "error"
        else lsp.DiagnosticSeverity.Warning,
        code=one.code,
        source="bmdsl",
        related_information=[
            lsp.DiagnosticRelatedInformation(
                lsp.Location(uri, _range(d, other.span)), other.text or "here"
            )
            for other in one.others
            if other.span.source == d.source
        ],
    )


def make_server() -> LanguageServer:
    """A server with all that it can do registered."""
    server = LanguageServer("bmdsl", VERSION)
    documents = Documents(server)
    _texts(server, documents)
    _words(server, documents)
    _places(server, documents)
    _edits(server, documents)
    return server


def _texts(server: LanguageServer, documents: Documents) -> None:
    """Diagnostics whenever a text is opened, changed or saved; none once it is closed."""

    def publish(uri: str) -> None:
        d = documents.of(uri)
        found = [_shown(d, uri, one) for one in d.diagnostics]
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        documents.known.pop(params.text_document.uri, None)  # imported files may have changed
        publish(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        documents.known.pop(uri, None)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


def _words(server: LanguageServer, documents: Documents) -> None:
    """Hover and completion."""

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        d = documents.of(params.text_document.uri)
        text = hovers.hover(d, _offset(d, params.position))
        if text is None:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text))

    @server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[":", " "])
    )
    def complete(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        d = documents.of(params.text_document.uri)
        return [
            lsp.CompletionItem(
                one.label,
                kind=COMPLETIONS.get(one.kind, lsp.CompletionItemKind.Variable),
                detail=one.detail or one.kind,
            )
            for one in completions.completions(d.text, _offset(d, params.position))
        ]


def _places(server: LanguageServer, documents: Documents) -> None:
    """Definition, references, and the outline."""

    def found(uri: str, at: lsp.Position) -> tuple[Document, names.NamedThing | None]:
        d = documents.of(uri)
        return d, None if d.tree is None else names.thing_at(d.tree, _offset(d, at))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        uri = params.text_document.uri
        d, one = found(uri, params.position)
        if one is not None:
            return lsp.Location(uri, _range(d, one.declared))
        file = imported(d, _offset(d, params.position))
        start = lsp.Position(0, 0)
        return None if file is None else lsp.Location(file.as_uri(), lsp.Range(start, start))

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        uri = params.text_document.uri
        d, one = found(uri, params.position)
        if one is None:
            return []
        with_own = params.context.include_declaration
        spans = [s for s in one.uses if with_own or s != one.declared]
        return [lsp.Location(uri, _range(d, s)) for s in spans]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlights(params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight]:
        d, one = found(params.text_document.uri, params.position)
        return [] if one is None else [lsp.DocumentHighlight(_range(d, s)) for s in one.uses]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        d = documents.of(params.text_document.uri)
        return [] if d.tree is None else outline(d, d.tree)


def imported(d: Document, offset: int) -> Path | None:
    """The file that an import at this place names."""
    if d.tree is None or d.path is None:
        return None
    here = next((i for i in d.tree.imports if i.span.start <= offset <= i.span.end), None)
    file = None if here is None else d.path.parent / here.path
    return file if file is not None and file.is_file() else None


def outline(d: Document, tree: File) -> list[lsp.DocumentSymbol]:
    """Definitions with what they declare."""
    every = [one for one in names.things(tree) if one.kind != "letter"]
    out = []
    for one in every:
        if one.kind not in ("model", "stack"):
            continue
        assert one.node is not None
        inside = [
            lsp.DocumentSymbol(
                x.name, SYMBOLS[x.kind], _range(d, x.declared), _range(d, x.declared), x.kind
            )
            for x in every
            if x.owner is one.node
        ]
        whole = one.node.span  # type: ignore[attr-defined]  # a definition, which has one
        out.append(
            lsp.DocumentSymbol(
                one.name,
                SYMBOLS[one.kind],
                _range(d, whole),
                _range(d, one.declared),
                "model" if isinstance(one.node, ModelDefinition) else "stack",
                children=inside,
            )
        )
    return out


def _edits(server: LanguageServer, documents: Documents) -> None:
    """Rename, formatting and cures."""

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: lsp.PrepareRenameParams) -> lsp.Range | None:
        d = documents.of(params.text_document.uri)
        at = _offset(d, params.position)
        one = None if d.tree is None else names.thing_at(d.tree, at)
        if one is None:
            return None
        return next(_range(d, s) for s in one.uses if s.start <= at <= s.end)

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        uri = params.text_document.uri
        d = documents.of(uri)
        one = None if d.tree is None else names.thing_at(d.tree, _offset(d, params.position))
        if d.tree is None or one is None or not params.new_name.isidentifier():
            return None
        places = names.renamed(d.tree, one, params.new_name)
        edits = [lsp.TextEdit(_range(d, span), text) for span, text in places]
        return lsp.WorkspaceEdit(changes={uri: edits})

    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def formatting(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        d = documents.of(params.text_document.uri)
        if d.tree is None:
            return []
        try:
            text = format(d.tree)
        except BmError:
            return []
        whole = Span(d.source, 0, len(d.text))
        return [] if text == d.text else [lsp.TextEdit(_range(d, whole), text)]

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]),
    )
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        d = documents.of(uri)
        out: list[lsp.CodeAction] = []
        for one in d.diagnostics:
            for cure in cures.cures(one):
                place = _range(d, cure.span)
                if cure.span.source != d.source or not _meet(place, params.range):
                    continue
                edit = lsp.WorkspaceEdit(changes={uri: [lsp.TextEdit(place, cure.text)]})
                out.append(
                    lsp.CodeAction(
                        cure.title,
                        kind=lsp.CodeActionKind.QuickFix,
                        diagnostics=[_shown(d, uri, one)],
                        edit=edit,
                        is_preferred=True,
                    )
                )
        return out


def _meet(a: lsp.Range, b: lsp.Range) -> bool:
    def key(p: Any) -> tuple[int, int]:
        return p.line, p.character

    return key(a.start) <= key(b.end) and key(b.start) <= key(a.end)


def serve() -> None:
    """Talks to the editor until it says goodbye; what is printed elsewhere goes to stderr."""
    wire, sys.stdout = sys.stdout, sys.stderr
    make_server().start_io(sys.stdin.buffer, wire.buffer)
