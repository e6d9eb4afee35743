"""What the site needs beside MkDocs: notebooks as pages, with their saved outputs, and mathematics
as MathML, so that a page needs no script and no other host.

The `.bm` language is coloured by the project's own lexer, which Pygments finds by its entry point;
`add_lexer` does it for a checkout that is not installed.
"""

from __future__ import annotations

import html as html_text
import json
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\s*(?P<open>\\[(\[])(?P<tex>.*?)\\[)\]]\s*</(?P=tag)>',
    re.S,
)
"""What the Markdown extension arithmatex makes of `$...$` and `$$...$$`."""


def on_config(config: Any) -> Any:
    """The checkout's own package, and its lexer."""
    sys.path.insert(0, str(ROOT))
    add_lexer()
    return config


def add_lexer() -> None:
    """Registers `bm` with Pygments, as the entry point of an installed package does."""
    from pygments import lexers

    lexers.LEXERS["BmLexer"] = ("bmdsl.markup.lexer", "bm", ("bm", "bmdsl"), ("*.bm",), ())


def on_files(files: Files, config: Any) -> Files:
    """Every notebook becomes a page beside its file, which can still be downloaded."""
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            notebook = json.loads(Path(file.abs_src_path).read_text(encoding="utf-8"))
            page = File.generated(config, page_of(file.src_uri), content=as_markdown(notebook))
            files.append(page)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links to notebooks lead to their pages; a notebook's page offers its file."""
    text = markdown.replace(".ipynb)", ".md)")
    notebook = page.file.src_uri.removesuffix(".md") + ".ipynb"
    if files.get_file_from_path(notebook):
        name = notebook.rpartition("/")[2]
        text += f"\n[This page as a notebook]({name})\n"
    return text


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Formulas as MathML. A bar in a cell's code has a backslash before it, which is for GitHub's
    Markdown alone.
    """
    html = FORMULA.sub(mathml, html)
    return re.sub(r"<td.*?</td>", lambda m: m[0].replace("\\|", "|"), html, flags=re.S)


def mathml(found: re.Match[str]) -> str:
    """A formula that arithmatex has marked, `\\(...\\)` or `\\[...\\]`, as MathML.

    latex2mathml aligns lines in `align*` alone and prints the `&` of `aligned` as it stands.
    """
    from latex2mathml.converter import convert

    tex = html_text.unescape(found["tex"]).strip().replace("{aligned}", "{align*}")
    return convert(tex, display="block" if found["open"] == "\\[" else "inline")


def page_of(notebook: str) -> str:
    """The page's place: `notebooks/survey.ipynb` → `notebooks/survey.md`."""
    return notebook.removesuffix(".ipynb") + ".md"


def as_markdown(notebook: dict[str, Any]) -> str:
    """Text, code and outputs, in order."""
    return "\n\n".join(part for cell in notebook["cells"] for part in parts_of(cell)) + "\n"


def parts_of(cell: dict[str, Any]) -> list[str]:
    """A cell's pieces of Markdown."""
    source = "".join(cell["source"]).strip()
    if cell["cell_type"] == "markdown":
        return [source]
    if cell["cell_type"] != "code" or not source:
        return []
    first, _, rest = source.partition("\n")
    if first.startswith("%%bm"):
        pieces = [fence(first, "text"), fence(rest, "bm")]
    else:
        pieces = [fence(source, "python")]
    return pieces + [p for output in cell.get("outputs", []) for p in shown(output)]


def fence(text: str, language: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def shown(output: dict[str, Any]) -> list[str]:
    """An output in the richest form that a page can take."""
    if output["output_type"] == "stream":
        return [fence("".join(output["text"]), "text")]
    data = output.get("data", {})
    if "image/png" in data:
        image = "".join(data["image/png"]).replace("\n", "")
        return [f'<p><img alt="output" src="data:image/png;base64,{image}"></p>']
    if "text/html" in data:
        html = "".join(data["text/html"])
        lines = [line for line in html.splitlines() if line.strip()]
        return ["<div>" + "\n".join(lines) + "</div>"]
    if "text/markdown" in data:
        return ["".join(data["text/markdown"])]
    return [fence("".join(data.get("text/plain", "")), "text")]
