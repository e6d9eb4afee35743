"""The report of a run: whole, in one file, nothing from outside; and the look at a run while it
trains.
"""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.report import answers, page
from bmdsl.report.answers import drawn_beside, made_beside_data, points_of
from bmdsl.report.curve_groups import curve_groups
from bmdsl.report.subject import Subject
from bmdsl.runs import checksums
from bmdsl.runs.making import Label, making
from bmdsl.runs.run_folder import read_metrics
from bmdsl.tasks import train as fitting
from bmdsl.tasks.compare import compare, notes, rows, write_comparison
from bmdsl.tasks.report import quality_answer, write_report
from bmdsl.tasks.run_cases import ready_parts
from bmdsl.tasks.run_quality import Quality, quality_of
from bmdsl.tasks.runs import run_list
from bmdsl.tasks.watch import lines, look, sparkline

TEXT = """model deep { # smaller < larger
  visible v[16] : binary  hidden h1[8] : binary  hidden h2[6] : binary  layers v -- h1 -- h2
  train { positive meanfield()  negative pcd(chains = 20)  batch 20  epochs 4  validate 0.2 } }"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    np.save(
        folder / "x.npy", (np.random.default_rng(0).random((100, 4, 4)) < 0.4).astype(np.float32)
    )
    fitting.start(bmdsl.parse(TEXT), str(folder / "x.npy"), folder / "run", None, "float32")
    return folder / "run"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_an_unmeasured_likelihood_names_its_command_and_has_the_nearest_curve_instead() -> None:
    metrics = [{"epoch": k, "pseudo_likelihood": -9.0 + k, "gradient_norm": k} for k in (1, 2)]
    body = quality_answer("m", Path("runs/a"), Quality(), curve_groups(metrics))
    assert "<code>bm report runs/a --likelihood</code>" in body and "`" not in body
    assert body.count("<svg") == 1 and ">pseudo likelihood<" in body
    assert "<svg" not in quality_answer("m", Path("runs/a"), Quality(), curve_groups(metrics[:1]))
    assert page.prose("an odd ` and <b>") == "an odd ` and &lt;b&gt;"


def test_a_report_is_one_whole_file_without_links(run: Path) -> None:
    path = write_report(run, None, likelihood=True, chains=50, steps=50)
    text = path.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert not tags.open  # every element is closed
    assert not {"script", "link", "iframe"} & {t for t, _ in tags.seen}
    sources = [a["src"] for t, a in tags.seen if t == "img"]
    assert len(sources) >= 7 and all(s and s.startswith("data:image/png;base64,") for s in sources)
    for title in (
        "Is the training going well?",
        "How good is the model?",
        "What does it make?",
        "Curves",
        "Figures",
        "Pictures",
        "Model",
        "Factor graph",
        "What follows from the energy",
        "Run",
    ):
        assert f"<h2>{title}</h2>" in text
    assert 'name="viewport"' in text and "prefers-color-scheme: dark" in text
    assert re.search(r"log P\(v\) is -?\d+\.\d\d ± \d", text)
    assert "above independent units" in text or "below independent units" in text
    assert "# smaller &lt; larger" in text and "<svg" in text and "log-likelihood" in text
    assert not list(run.glob("*.part"))


def test_a_report_of_data_that_have_gone_says_so(tmp_path: Path) -> None:
    m = bmdsl.parse(TEXT).compile(seed=0)
    m.train(
        (np.random.default_rng(0).random((40, 16)) < 0.4).astype(np.float32), out=tmp_path / "run"
    )
    text = write_report(tmp_path / "run", tmp_path / "r.html").read_text(encoding="utf-8")
    assert "are not at hand" in text and "filters_h2.png" in text


SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b]0;x\x07"


def test_nothing_planted_in_a_run_is_markup_of_its_report(run: Path, tmp_path: Path) -> None:
    there = shutil.copytree(run, tmp_path / "run<svg onload=alert(3)>")
    lines = [json.loads(x) for x in (there / "metrics.jsonl").read_text().splitlines()]
    for x in lines:
        x |= {"health": SCRIPT + str(x["epoch"]), SCRIPT: 0.5}
    (there / "metrics.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    facts = json.loads((there / "run.json").read_text())
    (there / "run.json").write_text(json.dumps(checksums.sealed(facts | {SCRIPT: SCRIPT})))
    text = write_report(there, tmp_path / "r.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert not tags.open and "script" not in {t for t, _ in tags.seen}
    assert not [a for _, attributes in tags.seen for a in attributes if a.startswith("on")]
    assert text.count("&lt;script&gt;") >= 6 and "\x1b" not in text
    assert "Content-Security-Policy" in text


def test_text_becomes_markup_in_one_place() -> None:
    made = page.element("p", "a < b", page.element("b", "&"), class_='q"')
    assert made == '<p class="q&quot;">a &lt; b<b>&amp;</b></p>'
    assert "<i>" not in page.page("<i>", "<i>", [page.Section("<i>", "<i>")])


def test_the_answers_stand_first_and_side_by_side(run: Path, tmp_path: Path) -> None:
    text = write_report(run, tmp_path / "r.html").read_text(encoding="utf-8")
    answers = text[text.index('class="answers"') : text.index("<h2>Curves</h2>")]
    assert answers.count("<section>") == 3 and answers.count("<img") == 2
    assert "aria-label=" in answers


def test_the_quality_of_a_run_is_the_mean_over_the_held_out_cases(run: Path) -> None:
    """log P(v) by the sum over all states of h1 given h2, by hand; independent units fitted to the
    training cases, judged on those held out.
    """
    opened, parts = ready_parts(run, None, None)
    train, held = (p.data["v"].reshape(-1, 16).astype(np.float64) for p in parts)
    machine = opened.machine
    w, u, b, c, d = (
        np.float64(machine.params[n]) for n in ("W_v_h1", "W_h1_h2", "b_v", "b_h1", "b_h2")
    )
    h1 = np.array(list(product((0, 1), repeat=8)), float)
    h2 = np.array(list(product((0, 1), repeat=6)), float)
    above = logsumexp(h1 @ u @ h2.T + h2 @ d, axis=1) + h1 @ c
    log_z = logsumexp(above + np.logaddexp(0, h1 @ w.T + b).sum(axis=1))
    each = held @ b + logsumexp(held @ w @ h1.T + above, axis=1) - log_z
    found = quality_of(machine, run, parts, [])
    assert found.value == pytest.approx(each.mean(), abs=1e-3)
    assert found.error == pytest.approx(each.std(ddof=1) / len(held) ** 0.5, rel=1e-3)
    p = train.mean(axis=0)
    alone = (held * np.log(p) + (1 - held) * np.log(1 - p)).sum(axis=1).mean()
    assert found.baselines["independent units"] == pytest.approx(alone, abs=0.02)
    assert f"{abs(found.value - alone):.1f}" in found.sentence()


def test_samples_stand_beside_data_where_cases_are_no_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Means of units and covariances of pairs: samples of a model of independent units with the
    data's means lie on the diagonal of the first picture.
    """
    text = "model m { visible v[3] : binary  param b init logit_mean(v)  energy = - b[i] v[i] }"
    machine = bmdsl.parse(text).compile(backend="reference")
    x = (np.random.default_rng(0).random((500, 3)) < [0.1, 0.5, 0.9]).astype(np.float32)
    machine.params["b"] = np.log(x.mean(axis=0) / (1 - x.mean(axis=0)))
    monkeypatch.setattr(answers, "CHAINS", 400)
    monkeypatch.setattr(answers, "SWEEPS", 2)
    said, html = made_beside_data(Subject(machine, {}, cases={"v": x}), Path())
    assert "400 samples" in said and html.count("<svg") == 2
    means, pairs = html.split("<svg")[1:]
    places = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', means)
    left, top, size = 48, 24, 176
    for cx, cy in places:
        assert abs((float(cx) - left) / size - (top + size - float(cy)) / size) < 0.1
    assert len(places) == 3 and pairs.count("<circle") == 3
    assert made_beside_data(Subject(machine, {}), Path()) == ("", "")
    gone = np.where(np.random.default_rng(1).random(x.shape) < 0.5, np.nan, x)
    gone[:, 0] = np.where(np.isnan(gone[:, 1]), x[:, 0], np.nan)  # no case is whole
    found = points_of(Subject(machine, {}, rows={"v": gone}))
    assert found is not None and "over those that have it" in found.said
    np.testing.assert_allclose([m[0] for m in found.means], np.nanmean(gone, axis=0))
    assert len(found.pairs) == 2  # the first two are nowhere seen together
    both = drawn_beside({"one": found, "two": found}, {"one": "#111", "two": "#222"})
    means = both.split("<svg")[1]
    assert means.count('fill="#111"') == means.count('fill="#222"') == 3


def test_runs_are_listed_and_compared(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "one")
    shutil.copytree(run, tmp_path / "more" / "two")
    facts = json.loads((tmp_path / "one" / "run.json").read_text())
    assert facts["made"]["versions"]["bmdsl"] == bmdsl.__version__
    assert facts["made"]["machine"]["hardware_threads"] >= 1 and facts["made"]["begun"]
    facts["made"] |= {"name": "first", "tags": ["small"]}
    (tmp_path / "one" / "run.json").write_text(json.dumps(checksums.sealed(facts)))
    found = run_list(tmp_path)
    assert {r.row(tmp_path)[0] for r in found} == {"one (first)", "more/two"}
    assert [r.name for r in run_list(tmp_path, "small")] == ["first"]
    assert all(r.as_dict()["model"] == "deep" and r.last["epoch"] == 4 for r in found)
    both = compare([tmp_path / "one", tmp_path / "more" / "two"])
    table = {row[0]: row[1:] for row in rows(both)}
    assert table[""] == ("one", "two") and table["parameters"] == ("206", "206")
    assert table["tags"] == ("small", "")
    text = write_comparison(both, tmp_path / "c.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert not tags.open and text.count("<polyline") >= 2 and "one beside two" in text


def test_runs_of_earlier_versions_and_broken_ones_are_listed(tmp_path: Path) -> None:
    for name, metrics, facts in (
        ("old", '{"epoch": 2, "update": 8, "seconds": 1.5, "health": "healthy"}\n', '{"total": 8}'),
        ("broken", "", '{"total"'),
        ("begun", '{"epoch": 1, "update": 4, "seconds": 1.0}\n', '{"total": 8, "stopped": "done"}'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.jsonl").write_text(metrics)
        (tmp_path / name / "run.json").write_text(facts)
    states = {r.name: r.state for r in run_list(tmp_path)}
    assert states["old"].endswith("healthy") and "cannot be read" in states["broken"]
    assert states["begun"] == "running or killed"
    with pytest.raises(BmError, match="BM984"):
        run_list(tmp_path / "none")
    with pytest.raises(BmError, match="BM985"):
        compare([tmp_path / "old"])


def test_a_run_that_goes_on_keeps_its_name_and_first_command() -> None:
    first = making(Label("mine", ("a",)))
    again = making(Label(), {**first, "command": "bm train x"})
    assert (again["name"], again["tags"], again["command"]) == ("mine", ["a"], "bm train x")
    assert again["begun"] == first["begun"] and again["resumed"] >= first["begun"]
    assert making(Label("other"), first)["name"] == "other"


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BmError, match="BM916"):
        write_report(tmp_path, None)
    with pytest.raises(BmError, match="BM916"):
        look(tmp_path)


def test_an_unfinished_line_of_metrics_is_left_out(run: Path, tmp_path: Path) -> None:
    whole = (run / "metrics.jsonl").read_text(encoding="utf-8")
    (tmp_path / "metrics.jsonl").write_text(whole + '{"epoch": 5, "upd', encoding="utf-8")
    found = [json.loads(x) for x in whole.splitlines()]
    assert read_metrics(tmp_path) == [{k: x[k] for k in x if k != "run"} for x in found]


def test_bars_go_from_lowest_to_highest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([3, 3]) == "▁▁" and sparkline([]) == ""
    assert len(sparkline(list(range(1000)))) == 40


def test_a_look_tells_where_the_run_is_and_how_long_it_takes() -> None:
    metrics = [
        {
            "epoch": k,
            "update": 10 * k,
            "seconds": 2.0 * k,
            "log_likelihood": -10.0 + k,
            "health": "healthy",
        }
        for k in (1, 2)
    ]
    shown = lines(metrics, 40, None)
    assert shown[:2] == ["epoch 2, update 20 of 40, 4 s, about 4 s left", "healthy"]
    assert re.fullmatch(r"log likelihood  ▁█ +  -8", shown[3])
    assert lines([], 40, None) == ["no epoch is finished yet"]


def test_a_finished_run_is_told_to_be_done(run: Path) -> None:
    shown, done = look(run)
    assert done and shown[0].startswith("epoch 4, update 16 of 16")


def test_runs_of_other_data_are_not_compared_in_silence() -> None:
    def run(text: str) -> Any:
        machine = bmdsl.parse(f"model m {{ {text} hidden h[2] : binary }}").compile()
        return SimpleNamespace(subject=SimpleNamespace(machine=machine))

    plain, wide = (f"visible a[{n}] : binary layers a -- h" for n in (3, 4))
    real = "visible a[3] : gaussian layers a -- h"
    scaled = f"{real} train {{ transform standardize }}"
    assert notes([run(plain), run(plain)]) == []
    for other in (wide, real):
        (note,) = notes([run(plain), run(other)])
        assert "`a`" in note and "log-likelihoods cannot" in note
    assert notes([run(real), run(scaled)])
