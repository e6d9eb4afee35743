"""The wheel, built from the checkout and from the sdist; it is installed alone into an empty folder
and used from another: grammar and models travel with it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAIN = "from bmdsl.cli.entry import main; main()"


def pip(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def wheel_of(source: Path, folder: Path) -> Path:
    """The wheel of a checkout or an sdist."""
    here = ["--no-build-isolation"] if find_spec("hatchling") else []
    done = pip("wheel", source, "--no-deps", *here, "--wheel-dir", folder)
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("no hatchling here, and none can be fetched to build the wheel with")
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(ROOT, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A folder that holds nothing but the installed wheel."""
    target = tmp_path_factory.mktemp("installed")
    done = pip("install", wheel, "--no-deps", "--no-compile", "--target", target)
    assert done.returncode == 0, done.stderr
    return target


def bm(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=env,
    )


@pytest.mark.skipif(find_spec("hatchling") is None, reason="an sdist is built by hatchling")
def test_the_wheel_of_the_sdist_is_that_of_the_checkout(wheel: Path, tmp_path: Path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (sdist,) = tmp_path.glob("bmdsl-*.tar.gz")
    again = wheel_of(sdist, tmp_path / "wheel")
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {x.filename: x.CRC for x in one.infolist()} == {
            x.filename: x.CRC for x in other.infolist()
        }


def test_the_wheel_is_what_runs(installed: Path, tmp_path: Path):
    env = {**os.environ, "PYTHONPATH": str(installed)}
    code = (
        "import bmdsl, bmdsl.files as r; print(bmdsl.__file__); print(r.folder('grammar'));"
        " print(r.folder('models'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=env
    )
    assert len(done.stdout.splitlines()) == 3 and all(
        line.startswith(str(installed)) for line in done.stdout.splitlines()
    ), done.stdout


def test_every_shipped_model_checks_in_an_empty_folder(installed: Path, tmp_path: Path):
    names = sorted(p.stem for p in (ROOT / "models").glob("*.bm"))
    done = bm(installed, tmp_path, "check", *names)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"model `{name}` is fine" in done.stdout for name in names), done.stdout


def test_a_model_trains_and_samples_in_an_empty_folder(installed: Path, tmp_path: Path):
    done = bm(
        installed,
        tmp_path,
        "train",
        "rbm",
        "digits",
        "--out",
        "run",
        "-D",
        "H=8",
        "--set",
        "train.epochs=1",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "filters.png").exists()
    assert bm(installed, tmp_path, "sample", "run", "--steps", "5").returncode == 0


def test_the_package_says_that_it_is_typed(installed: Path):
    assert (installed / "bmdsl" / "py.typed").exists()


def test_the_command_is_installed(installed: Path):
    (points,) = installed.glob("bmdsl-*.dist-info/entry_points.txt")
    assert "bm = bmdsl.cli.entry:main" in points.read_text()


def test_the_conda_recipe_asks_for_what_the_package_does() -> None:
    """Under conda's names: matplotlib without Qt is `matplotlib-base` there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    recipe = (ROOT / ".ci" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
    run = recipe.partition("  run:\n")[2].partition("\n\n")[0]
    wanted = {f"python {project['requires-python']}"} | {
        re.sub(r"^([\w-]+)", r"\1 ", x).replace("matplotlib ", "matplotlib-base ")
        for x in project["dependencies"]
    }
    assert {line.removeprefix("    - ") for line in run.splitlines()} == wanted
    assert f'version: "{project["version"]}"' in recipe
