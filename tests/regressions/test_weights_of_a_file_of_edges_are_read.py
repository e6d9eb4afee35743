"""The third column of a file of edges was dropped: a frustrated triangle of −1 had the ground state
of +1, −3 for −1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

import bmdsl

TEXT = """model tri(n = {n}) {{
  graph G = "{edges}"
  visible s[n] : spin
  param J {init}
  energy = - J[i,j] s[i] s[j] for <i,j> in G
}}
"""
WEIGHTS = {(0, 1): -1.0, (1, 2): -1.0, (0, 2): -1.0}


def written(folder: Path, edges: str, init: str, n: int = 3) -> bmdsl.Model:
    (folder / "m.bm").write_text(TEXT.format(n=n, edges=edges, init=init))
    return bmdsl.load(folder / "m.bm")


def ground(model: bmdsl.Model) -> float:
    return float(model.compile(seed=0).anneal(16, 50).energy)


def test_weights_start_the_couplings(tmp_path: Path):
    (tmp_path / "w.csv").write_text(
        "source,target,weight\n" + "".join(f"{i},{j},{w}\n" for (i, j), w in WEIGHTS.items())
    )
    model = written(tmp_path, "w.csv", 'init "w.csv"')
    assert ground(model) == -1 and not model.checked.lints


def test_weights_that_nothing_uses_are_told(tmp_path: Path):
    (tmp_path / "w.csv").write_text("0,1,-1\n1,2,-1\n")
    lints = written(tmp_path, "w.csv", "init 1").checked.lints
    assert [d.code for d in lints] == ["BM966"] and 'param J init "w.csv"' in lints[0].helps[0]


def test_a_heading_of_counts_is_no_edge(tmp_path: Path):
    (tmp_path / "tree.edgelist").write_text("6 5\n1 2\n2 3\n3 4\n4 6\n1 5\n")
    assert ground(written(tmp_path, "tree.edgelist", "init -1 fixed", 6)) == -5


def test_a_node_without_edges_is_known_from_the_axis(tmp_path: Path):
    (tmp_path / "e.csv").write_text("0,1\n1,2\n")
    model = written(tmp_path, "e.csv", "init 1", 5)
    assert model.graphs["G"].tolist() == [[0, 1], [1, 2]]
    machine = model.compile(seed=0)
    machine.save(tmp_path / "m.safetensors")
    assert bmdsl.open(tmp_path / "m.safetensors").log_partition() == pytest.approx(
        machine.log_partition()
    )


@pytest.mark.parametrize("name", ["J.txt", "J.npz", "J.csv", "J.npy"])
def test_couplings_come_from_arrays_in_any_file(tmp_path: Path, name: str):
    (tmp_path / "e.csv").write_text("0,1\n1,2\n0,2\n")
    values = np.array([1.0, 2.0, -3.0])
    if name.endswith("npz"):
        np.savez(tmp_path / name, J=values)
    elif name.endswith("npy"):
        np.save(tmp_path / name, values)
    else:
        (tmp_path / name).write_text("1\n2\n-3\n" if name.endswith("txt") else "1,2,-3\n")
    assert (
        written(tmp_path, "e.csv", f'init "{name}"').compile(seed=0).params["J"].tolist()
        == values.tolist()
    )


def test_a_square_parameter_comes_from_a_matrix_or_from_edges(tmp_path: Path):
    matrix = np.array([[0, 1, 0], [1, 0, -2], [0, -2, 0.0]])
    np.savetxt(tmp_path / "J.csv", matrix, delimiter=",")
    scipy.io.mmwrite(
        tmp_path / "J.mtx", scipy.sparse.coo_matrix(np.tril(matrix)), symmetry="symmetric"
    )
    scipy.sparse.save_npz(tmp_path / "J.npz", scipy.sparse.csr_matrix(matrix))
    (tmp_path / "J.edgelist").write_text("0 1 1\n1 2 -2\n")
    for name in ("J.csv", "J.mtx", "J.npz", "J.edgelist"):
        text = (
            f'model m {{ visible s[3] : spin  param J init "{name}" symmetric  energy = - J[i,j]'
            " s[i] s[j] for i < j }"
        )
        (tmp_path / "m.bm").write_text(text)
        assert (
            bmdsl.load(tmp_path / "m.bm").compile(seed=0).params["J"].tolist() == matrix.tolist()
        ), name


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("0,1,1\n1,2,1\n", "other edges than graph"),
        ("0,1\n1,2\n0,2\n", "no weights"),
        ("1,2\n", "no weights"),
        ("1 2 x\n", "neither a matrix"),
        ("0,1,nan\n1,2,1\n0,2,1\n", "neither a matrix"),
    ],
)
def test_a_file_without_couplings_is_refused_by_check(
    tmp_path: Path, content: str, said: str, capsys: pytest.CaptureFixture[str]
):
    from bmdsl.tasks.check import verify_starts

    (tmp_path / "e.csv").write_text("0,1\n1,2\n0,2\n")
    (tmp_path / "w.csv").write_text(content)
    with pytest.raises(bmdsl.BmError, match="BM936") as error:
        verify_starts([written(tmp_path, "e.csv", 'init "w.csv"')])
    assert said in str(error.value)


def test_entries_of_single_nodes_are_fields(tmp_path: Path):
    (tmp_path / "q.qubo").write_text("p qubo 0 3 2 2\n0 0 1.5\n2 2 -1\n0 1 4\n1 2 0.5\n")
    (tmp_path / "m.bm").write_text(
        'model m { graph G = "q.qubo"  visible x[3] : binary  param h init "q.qubo:fields"  param J'
        ' init "q.qubo"  energy = h[i] x[i] + J[i,j] x[i] x[j] for <i,j> in G }'
    )
    machine = bmdsl.load(tmp_path / "m.bm").compile(seed=0)
    assert machine.params["h"].tolist() == [1.5, 0, -1] and machine.params["J"].tolist() == [4, 0.5]
    assert float(machine.energy(x=np.ones((1, 3)))[0]) == 5.0
