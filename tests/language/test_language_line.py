"""`language 1` names the version of the language; without it a text means what it meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from bmdsl.language.diagnostics import BmError
from bmdsl.language.format import format
from bmdsl.language.imports import follow, self_contained
from bmdsl.language.language_line import KNOWN
from bmdsl.language.parse import parse
from bmdsl.language.source import Source
from bmdsl.language.sugar import expand
from bmdsl.language.tree import Binary, EnergyStatement, File, ModelDefinition, Ref
from bmdsl.model import load_all

MODEL = "model m {\n  visible v[3] : binary\n  param b\n  energy = - b[i] v[i]\n}\n"


def read(text: str) -> File:
    return parse(Source("m.bm", text))


def codes(text: str) -> list[str]:
    with pytest.raises(BmError) as caught:
        read(text)
    return [d.code for d in caught.value.diagnostics]


@pytest.mark.parametrize(
    "line", ["language 1\n", "language\n  # which\n\n 1 ", "# c\n# # d\nlanguage 1 # e\n"]
)
def test_a_line_is_read_and_changes_nothing_else(line: str):
    with_line, without = read(line + MODEL), read(MODEL)
    assert with_line.language is not None and with_line.language.version == "1" == KNOWN[-1]
    assert without.language is None
    assert format(expand(with_line)).endswith(format(without))


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("language   1 import 'a.bm'\n\n".replace("'", '"'), 'language 1\n\nimport "a.bm"\n'),
        ("# a\nlanguage # b\n 1 # c\n" + MODEL, "# a\n# b\nlanguage 1  # c\n\n" + MODEL),
        ("language 1\n# a\n" + MODEL, "language 1\n\n# a\n" + MODEL),
    ],
)
def test_the_formatter_keeps_the_line_first(text: str, tidy: str):
    made = format(read(text))
    assert made == tidy and format(read(made)) == made


def test_a_version_that_is_not_known_is_told_before_the_words_of_another_grammar():
    assert codes("language 2\nmachine m ~ {}\n") == ["BM015"]
    for version in ("0", "01", "1.0", "1x", "1_0", "1e400", "9" * 500):
        assert codes(f"# c\nlanguage {version}\n{MODEL}") == ["BM015"], version


def test_one_line_and_first():
    assert codes(f"language 1\nlanguage 1\n{MODEL}") == ["BM016"]
    assert codes(f"{MODEL}language 1e400\n") == ["BM017"]
    assert codes(f"{MODEL}language 1\nlanguage 1\n") == ["BM017", "BM016"]


@pytest.mark.parametrize("word", ["language", "language =  1", "language one", 'language "1"'])
def test_a_line_without_a_number(word: str):
    assert codes(f"{word}\n{MODEL}") == ["BM018"]
    assert codes(f"{MODEL}{word}\n") == ["BM018"]


def test_the_word_is_a_name_elsewhere():
    file = read(
        "model language(language = 2) {\n  visible language[3] : binary\n  param b\n"
        "  energy = - b[i] language[i] - language 2 b[i]\n  train { language 3 }\n}\n"
        "stack s { language : language(language = 1) }\n"
    )
    model = file.definitions[0]
    assert file.language is None and isinstance(model, ModelDefinition)
    (energy,) = (s for s in model.statements if isinstance(s, EnergyStatement))
    product = energy.addends[1].expression
    assert isinstance(product, Binary) and isinstance(product.left, Binary)
    assert isinstance(product.left.left, Ref) and product.left.left.name.text == "language"
    assert format(read(format(file))) == format(file)


def test_a_group_and_a_parameter_of_this_name_are_checked(tmp_path: Path):
    path = tmp_path / "m.bm"
    path.write_text(
        "language 1\nmodel m {\n  visible language[3] : binary\n  param b\n"
        "  energy = - b[i] language[i]\n}\n"
    )
    assert load_all(str(path), None, {})


def test_a_text_made_of_several_keeps_the_line(tmp_path: Path):
    (tmp_path / "part.bm").write_text("language 1\n" + MODEL.replace("model m", "model part"))
    main = tmp_path / "main.bm"
    main.write_text('language 1\nimport "part.bm"\n' + MODEL)
    whole = follow(parse(Source(str(main), main.read_text(), str(main))))
    text = self_contained(whole, whole.file.definitions[-1])
    assert text.startswith("language 1\n") and text.count("language") == 1
    assert len(read(text).definitions) == 1
    main.write_text('import "part.bm"\n' + MODEL.replace("model m {", "language 1\nmodel m {"))
    assert codes(main.read_text()) == ["BM017"]
