"""All random numbers come from the one table of streams, and no two streams of it share a key."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

from bmdsl.language.limits import MAX_GROUPS
from bmdsl.plan import streams
from bmdsl.plan.streams import GROUPS, INDEX_BITS, STREAMS, Stream
from tests.signatures import Package, Signature
from tests.source import MODULES, PACKAGE, nodes_of, tree_of

OWNER = "plan/streams.py"
GRAPHS = "language/drawn_graphs.py"
"""Draws graphs by Python's own generator, as networkx does for a seed."""
FORBIDDEN = {"Philox", "PCG64", "MT19937", "SFC64", "SeedSequence", "RandomState", "default_rng"}
FORBIDDEN |= {"Generator", "seed", "rand", "randn", "randint", "shuffle", "permutation", "choice"}
"""What makes or is a source of numbers in `numpy.random`; methods of generators have other owners.
"""
MAKERS = {
    "of_event": "events",
    "of_cases": "orders",
    "reading_order": "orders",
    "fixed_generator": "constant",
}
NAMES = {f"{name}_STREAM" for name, x in STREAMS.items() if x.space == "units"}
LAST_WORD = (1 << 32) - 1


def _nodes() -> Iterator[tuple[str, ast.AST]]:
    """File and node, of every node of the package's source."""
    for path in MODULES:
        file = str(path.relative_to(PACKAGE))
        for node in nodes_of(path):
            yield file, node


@functools.cache
def _calls() -> list[tuple[str, str, ast.Call]]:
    """File, called name and call, of every call in the package."""
    return [
        (file, getattr(node.func, "attr", getattr(node.func, "id", "")), node)
        for file, node in _nodes()
        if isinstance(node, ast.Call)
    ]


def _is_numpys_random(node: ast.AST) -> bool:
    """Whether it is `np.random.X` with an X that makes numbers, in running code."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr in FORBIDDEN
        and ast.unparse(node.value) in ("np.random", "numpy.random")
    )


def test_generators_are_made_by_the_table_alone() -> None:
    made = {
        f"{file}:{node.func.lineno}"
        for file, _, node in _calls()
        if file not in (OWNER, GRAPHS) and _is_numpys_random(node.func)
    }
    assert made == set()


def test_no_module_has_a_source_of_its_own() -> None:
    """Neither `import random` nor a name taken out of `numpy.random`; ids of runs and names of
    files beside others are no numbers of a result.
    """
    wrong = set()
    for file, node in _nodes():
        if isinstance(node, ast.Import):
            names = {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = {f"{node.module}.{a.name}" for a in node.names} | {node.module or ""}
        else:
            continue
        wrong |= {f"{file}: {n}" for n in names if n.split(".")[0] in ("random", "secrets")}
        wrong |= {f"{file}: {n}" for n in names if n.startswith("numpy.random")}
    assert wrong == {f"{GRAPHS}: random", "files.py: secrets", "runs/identity.py: secrets"}


def _literals(node: ast.expr) -> list[object]:
    """The values that an argument can have, if it is a literal or a choice between literals."""
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return [node.value if isinstance(node, ast.Constant) else ast.unparse(node)]


def test_every_maker_is_given_a_stream_of_its_space() -> None:
    used = set()
    for file, name, call in _calls():
        if name in MAKERS and isinstance(call.func, ast.Name) and file != OWNER:
            for stream in _literals(call.args[0]):
                assert isinstance(stream, str) and stream in STREAMS, (
                    f"{file}:{call.lineno}: {stream}"
                )
                assert STREAMS[stream].space == MAKERS[name], f"{file}:{call.lineno}: {stream}"
                used.add(stream)
    assert used == {name for name, x in STREAMS.items() if x.space != "units"}, (
        "streams without a user"
    )


def _stream_of(call: ast.Call, fitting: list[Signature]) -> ast.expr | None:
    """What a call hands on as `stream`, if it is one of a function that has such an argument; `op`
    only says that an op has one.
    """
    if ast.unparse(call.func) == "op":
        return None
    named = {k.arg: k.value for k in call.keywords}
    if "stream" in named:
        return named["stream"]
    places = {s.arguments.index("stream") for s in fitting if "stream" in s.arguments}
    return next((call.args[k] for k in sorted(places) if k < len(call.args)), None)


def _comes_from_the_table(node: ast.expr) -> bool:
    """A constant of the table, one handed on as `stream` or out of `streams`, a group's part of it,
    or the k-th of a stream of many.
    """
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "stream_of":
        node = node.args[1]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.uint64":
        node = node.args[0]
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.value) == "streams"
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add)
        and isinstance(node.left, ast.Name)
    ):
        name = node.left.id
        return name in NAMES and STREAMS[name.removesuffix("_STREAM")].count != 1
    text = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return text in NAMES | {"stream"}


WORDS = {"modules['negative']", "modules['optimizer']", "m"}
"""Modules of the words of a train block: what they are called with is no stream, though a method of
this name has one.
"""


def test_every_draw_of_units_names_a_stream_of_the_table() -> None:
    wrong, right = [], 0
    package = Package({str(path.relative_to(PACKAGE)): tree_of(path) for path in MODULES})
    for file, call, fitting in package.calls():
        of_word = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in WORDS
        stream = None if of_word else _stream_of(call, fitting)
        if stream is not None and not _comes_from_the_table(stream):
            wrong.append(f"{file}:{call.lineno}: {ast.unparse(stream)} in {ast.unparse(call)[:80]}")
        right += stream is not None
    assert wrong == [], "\n".join(wrong)
    assert right > 30  # of those there are: that calls are still found


def test_streams_are_constants_of_the_table_alone() -> None:
    """No module binds a name that ends like one, or `stream`, to a number."""
    wrong = []
    for file, node in _nodes():
        if file == OWNER or not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {getattr(x, "attr", getattr(x, "id", "")) for t in targets for x in ast.walk(t)}
        bound = any(n.upper() == "STREAM" or n.endswith("_STREAM") for n in names)
        if bound and any(isinstance(x, ast.Constant) for x in ast.walk(node.value or node)):
            wrong.append(f"{file}:{node.lineno}")
    assert wrong == [], "\n".join(wrong)


def test_a_default_stream_is_of_the_table() -> None:
    wrong = []
    for file, node in _nodes():
        if isinstance(node, ast.FunctionDef):
            places = [*node.args.posonlyargs, *node.args.args]
            arguments = places[len(places) - len(node.args.defaults) :]
            for argument, default in zip(arguments, node.args.defaults, strict=True):
                if argument.arg == "stream" and not _comes_from_the_table(default):
                    wrong.append(f"{file}:{node.lineno}")
    assert wrong == [], "\n".join(wrong)


def test_every_stream_of_units_has_its_constant_and_a_user() -> None:
    for name in NAMES:
        assert getattr(streams, name) == STREAMS[name.removesuffix("_STREAM")].number
    read = {
        node.id
        for file, node in _nodes()
        if file != OWNER and isinstance(node, ast.Name) and node.id in NAMES
    }
    assert read == NAMES


def _keys(x: Stream) -> tuple[int, int]:
    """The first and the last key of a stream, for one seed; keys of its space are ordered as they
    are numbered.
    """
    last = (1 << 32) // GROUPS - 1 if x.count is None else x.number + x.count - 1
    if x.space == "units":
        return GROUPS * x.number, GROUPS * last + GROUPS - 1
    return x.number << INDEX_BITS, (last << INDEX_BITS) + (1 << INDEX_BITS) - 1


@pytest.mark.parametrize("space", ["units", "events", "orders"])
def test_no_two_streams_share_a_key(space: str) -> None:
    """Orders have (seed, stream, index), which are ordered in the same way."""
    inside = {name: x for name, x in STREAMS.items() if x.space == space}
    shared = set()
    for a, b in combinations(inside, 2):
        (first, last), (low, high) = _keys(inside[a]), _keys(inside[b])
        if first <= high and low <= last:
            shared.add((a, b))
    assert shared == set()


def test_no_model_has_so_many_groups_that_one_draws_from_the_next_stream() -> None:
    assert MAX_GROUPS <= min(streams.BONDS, streams.CLUSTERS) < GROUPS


def test_keys_of_units_fit_their_word() -> None:
    assert max(_keys(x)[1] for x in STREAMS.values() if x.space == "units") <= LAST_WORD


@pytest.mark.parametrize("index", [0, 3, LAST_WORD, 1 << 32, (5 << 32) + 3])
def test_an_event_of_any_index_keeps_to_its_stream(index: int) -> None:
    def first_word(name: str, at: int) -> int:
        return int(streams.of_event(name, 7, at).bit_generator.random_raw())

    assert first_word("EXCHANGE", index) == first_word("EXCHANGE", index & LAST_WORD)
    others = [name for name, x in STREAMS.items() if x.space == "events" and name != "EXCHANGE"]
    low = index & LAST_WORD
    assert all(
        first_word(n, at) != first_word("EXCHANGE", index) for n in others for at in {0, low}
    )


def test_generators_are_those_of_the_keys_as_they_are_written_down() -> None:
    """Stored runs rest on these: a change of any makes resumed runs go on otherwise."""
    philox = np.random.Generator(np.random.Philox(key=[9, (13 << 32) + 4]))
    assert streams.of_event("RESAMPLE", 9, 4).random() == philox.random()
    hashed = np.random.Generator(np.random.Philox(np.random.SeedSequence([9, 1027, 5, 2])))
    assert streams.of_key((9, 1027, 5, 2)).random() == hashed.random()
    for ours, numpys in (
        (streams.of_cases("SHUFFLE", 9, 4), np.random.default_rng((9, 0, 4))),
        (streams.of_cases("SPLIT", 9), np.random.default_rng((9, 1))),
        (streams.of_cases("PROBE", 9), np.random.default_rng((9, 2))),
        (streams.fixed_generator("VERIFIED_STATES"), np.random.default_rng(7)),
    ):
        assert ours.random() == numpys.random()
    raw = np.random.Philox(np.random.SeedSequence([0x73706C6974, 9])).random_raw(3)
    np.testing.assert_array_equal(streams.reading_order("DATA_SPLIT", 9, 3), raw)


def test_a_stream_is_not_taken_for_one_of_another_space() -> None:
    with pytest.raises(ValueError, match="EXCHANGE is in the space of events"):
        streams.of_cases("EXCHANGE", 0)
