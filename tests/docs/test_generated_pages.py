"""The pages that are written from the package are as it is now."""

from __future__ import annotations

import re

import numpy as np

from bmdsl.cli.options import KNOWN, LOOK, USE
from bmdsl.inference import contracts as inference
from bmdsl.language.training_block import LISTS, WORDS
from bmdsl.training import contracts as training

from . import gallery_page, json_page, unit_plots, verb_pages, word_pages
from .generated import DOCS, cell, out_of_step


def test_verbs_are_described_as_they_are() -> None:
    assert out_of_step(verb_pages.pages(), "verbs") == [], "python -m tests.docs.verb_pages"


def test_words_are_described_as_they_are() -> None:
    assert out_of_step(word_pages.pages(), "words") == [], "python -m tests.docs.word_pages"


def test_documents_of_verbs_are_described_as_they_are() -> None:
    pages = json_page.pages()
    wrong = [p for p, text in pages.items() if (DOCS / p).read_text(encoding="utf-8") != text]
    there = {f"schemas/{p.name}" for p in (DOCS / "schemas").iterdir()}
    assert wrong == [] and there | {"json.md"} == set(pages), "python -m tests.docs.json_page"


def test_the_gallery_has_every_model_with_its_words() -> None:
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert text == gallery_page.pages()["gallery.md"], "python -m tests.docs.gallery_page"


def test_every_setting_that_takes_words_has_a_page() -> None:
    assert {*WORDS, *LISTS} <= set(word_pages.KINDS)


def test_every_verb_has_a_panel() -> None:
    assert {m.PLACE[0] for m in verb_pages.modules()} == {LOOK, USE, KNOWN}


def test_the_options_of_a_verb_are_those_that_it_takes() -> None:
    from typer.main import get_command

    from bmdsl.cli.main import app

    commands = get_command(app).commands
    for module in verb_pages.modules():
        name = verb_pages.name_of(module)
        text = verb_pages.verb_page(module)
        for parameter in commands[name].params:
            options = [o for o in parameter.opts if o.startswith("-") and o not in ("--help", "-h")]
            assert parameter.hidden or all(f"`{o}`" in text for o in options), (name, options)


def test_a_cell_of_a_table_holds_any_text() -> None:
    assert cell("|W| `a|b` 2*x < 3") == "\\|W\\| `a\\|b` 2\\*x &lt; 3"


def test_pictures_of_unit_types_show_the_types_as_they_are() -> None:
    wrong = [
        name
        for name in unit_plots.built_in()
        if unit_plots.digest_in(unit_plots.FOLDER / f"{name}.svg") != unit_plots.shown(name).digest
        or f"images/units/{name}.svg" not in (DOCS / "units" / f"{name}.md").read_text()
    ]
    assert wrong == [], "python -m tests.docs.unit_plots"


def test_distributions_of_unit_types_have_the_mean_that_is_drawn_beside_them() -> None:
    for name in unit_plots.built_in():
        s = unit_plots.shown(name)
        weights = s.densities if s.discrete else s.densities * np.gradient(s.x)
        if name != "categorical":
            mean = [s.mean[np.searchsorted(s.eta, f - 1e-9)] for f in unit_plots.FIELDS]
            np.testing.assert_allclose(weights @ s.x, mean, atol=0.03, err_msg=name)
        np.testing.assert_allclose(weights.sum(1), 1, atol=0.03, err_msg=name)


def test_every_kind_of_word_has_a_page_that_adds_one_from_nothing() -> None:
    """A page whose code is run registers a module of its own in the folder of the kind."""
    kinds = {f"bmdsl.training.{x}" for x in (*training.CONTRACTS, "trackers")}
    kinds |= {f"bmdsl.inference.{x}" for x in inference.CONTRACTS}
    kinds |= {"bmdsl.data.transforms", "bmdsl.data.readers", "bmdsl.units"}
    pages = [x.read_text(encoding="utf-8") for x in DOCS.glob("new-*.md")]
    for kind in kinds:
        (page,) = (x for x in pages if f'[project.entry-points."{kind}"]' in x)
        code = "".join(re.findall(r"```python\n(.*?)```", page, re.S))
        assert "register(" in code and "assert " in code, kind
        assert "## The contract" in page or kind == "bmdsl.units"  # whose interface is a class
