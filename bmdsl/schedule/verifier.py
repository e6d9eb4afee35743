"""What a schedule must be, checked before it is printed: an executable specification of routines.

Every array that is read was written; operands are of the kinds and of the axes that ops take; a
field is used while what it was made from is as it was; no two draws share a random stream; what was
only given is not written to; and every trained parameter is read by a field and moved by a gradient
that both phases feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..language.diagnostics import BmError, fail
from .ops import Access, Heading, Node, Op, Repeat, Takes, Until
from .schedule import Schedule
from .values import Array, Content, Folded, Life, Number, Operand, Part, Rest, Value, View, base

ROWS = (Content.STATES, Content.MEANS, Content.PROJECTION, Content.MOMENT, Content.SLOT)
"""What moments are of."""
FIELDS = (Content.FIELD, Content.PROJECTION)
"""What is made from states and parameters, to be used while these are as they were."""
SOURCES = (Content.STATES, Content.MEANS, Content.BIAS, Content.PARAMETER, Content.MATRIX)
"""What fields are made from: when that changes, a field is stale."""
BOUND_TO = {
    "parameter": Content.PARAMETER,
    "gradient": Content.GRADIENT,
    "edges": Content.CONSTANT,
}
"""How arguments begin that are named by what they are bound to, and what that is."""
NAMED = (("parameter",), ("raw",), ("gradient",), ("raw gradient",), ("edges",))
"""How the sources of such arrays begin; scratch has others."""
PARTS = (("incidence",), ("colours",), ("optimizer",))
"""How the sources of arrays begin that are several to an op, each for an argument of its name."""
TURNS = 2
"""How often a loop's body is gone through: what one turn leaves is what the next one meets."""


@dataclass
class Knowledge:
    """What is known of the arrays at one place of the routine."""

    written: set[str] = field(default_factory=set)
    version: dict[str, int] = field(default_factory=dict)
    made_from: dict[str, dict[str, int]] = field(default_factory=dict)
    """Field → the arrays that it was made from, as they were then."""
    gradients: dict[str, int] = field(default_factory=dict)
    """Gradient → its bit among those of all gradients."""
    roots: dict[str, int] = field(default_factory=dict)
    """Array → the gradients that its present numbers depend on, as bits: sets of names would grow
    with the model, and be copied for every op.
    """
    stands_for: dict[str, frozenset[str]] = field(default_factory=dict)
    """Gradient → the rows that its moments are of; what other gradients add to it is not among
    them.
    Array made of rows → these rows."""
    used: set[str] = field(default_factory=set)
    """Fields that a conditional was taken from: to go on adding to one is to add to an old field.
    """
    keys: set[tuple[str, ...]] = field(default_factory=set)
    """Which generator numbers come from, stream, update and step of every draw so far: functions of
    a model's module fill uniforms, kernels draw from NumPy's generator."""
    parameters: frozenset[str] = frozenset()
    """The names of the model's parameters."""
    shared: frozenset[str] = frozenset()
    """Streams that more than one draw may use."""


def verify(
    schedule: Schedule,
    phases: Sequence[Mapping[str, str]] = (),
    trained: Mapping[str, Iterable[tuple[str, ...]]] = MappingProxyType({}),
    shared: Iterable[str] = (),
    squares: Sequence[Mapping[str, str]] = (),
) -> None:
    """Raises BM887 if the schedule breaks a rule, which no text can bring about.

    `phases`: the rows of each phase by group. `trained`: the parameters that an update must move,
    with the groups of every term that has them. `shared`: random streams that more than one draw of
    an update may use. `squares`: what each phase holds of x² by group, where that is no square of
    its rows.
    """
    parameters = (v.source[1] for v in schedule.values if v.source[:1] == ("parameter",))
    known = Knowledge(parameters=frozenset(parameters), shared=frozenset(shared))
    for v in schedule.values:
        if v.life is not Life.SCRATCH:
            known.written |= {v.name, *(f"{v.name}[{k}]" for k in range(2))}
        if v.content is Content.GRADIENT:
            known.gradients[v.name] = known.roots[v.name] = 1 << len(known.gradients)
    _follow(schedule.body, known, ())
    by_source = {v.source: v.name for v in schedule.values}
    for name, terms in trained.items():
        for groups in terms:
            _verify_moments(by_source, known, name, groups, phases, squares or [{} for _ in phases])
        _verify_moved(by_source, known, name)


def _follow(body: tuple[Node, ...], known: Knowledge, loops: tuple[str, ...]) -> None:
    for node in body:
        if isinstance(node, Repeat | Until):
            for turn in range(TURNS):
                _follow(node.body, known, (*loops, f"{node.variable} {turn}"))
        elif isinstance(node, Op):
            _verify_op(node, known)
            _carry_out(node, known, loops)
        elif not isinstance(node, Heading):
            raise _wrong(f"{node!r} is no part of a routine")


def _verify_op(op: Op, known: Knowledge) -> None:
    if len(op.operands) != len(op.kind.arguments):
        raise _wrong(f"`{op.call()}` has {len(op.operands)} operands, not {len(op.kind.arguments)}")
    arrays: list[Array] = []
    for (name, takes), x in _arguments(op):
        axes = 0 if isinstance(x, Number) else x.axes
        if axes != takes.axes or (not isinstance(x, Number) and x.number != takes.number):
            raise _wrong(f"`{op.call()}` takes another `{name}` than {x}")
        if not isinstance(x, Number):
            arrays.append(x)
            _verify_bound(op, base(x), name)
            if (
                takes.access in (Access.WRITE, Access.UPDATE)
                and base(x).life is Life.GIVEN
                and base(x).content is not Content.FIGURE
            ):
                raise _wrong(f"`{op.call()}` writes to `{x}`, which is only given")
    _verify_axes(op, arrays)
    if op.kind.arguments[:1] and op.kind.arguments[0][0] == "theta":
        _verify_step(op, known)


def _arguments(op: Op) -> Iterable[tuple[tuple[str, Takes], Operand]]:
    """The op's arguments with their operands."""
    return zip(op.kind.arguments, op.operands, strict=True)


def _verify_bound(op: Op, v: Value, name: str) -> None:
    """An argument that is named by what it is bound to, as `parameter W`, gets that, and one that
    has the name of a part of an array's source gets this part; scratch arrays may stand in.
    """
    what, _, word = name.partition(" ")
    bound = v.source[:1] in NAMED and v.source[1:] != (word,)
    if word and (v.content is not BOUND_TO[what] or bound):
        raise _wrong(f"`{op.call()}` takes `{v}` for the {name}")
    if v.source[:1] in PARTS:
        part = v.source[1].partition(".")[0]
        if part != name and part in dict(op.kind.arguments):
            raise _wrong(f"`{op.call()}` takes `{v}` for `{name}`")


def _verify_step(op: Op, known: Knowledge) -> None:
    """A step moves a parameter along its own gradient, by slots and into sums of its own."""
    named = {n: base(x) for (n, _), x in _arguments(op) if not isinstance(x, Number)}
    parameter = named["theta"].source[-1]
    for name, v in named.items():
        family, word = (*v.source, "", "")[:2]
        of = word.rpartition(".")[2] if family == "optimizer" else word
        other = of != parameter and of in known.parameters
        misplaced = (family == "parameter") != (name == "theta") or (
            family == "gradient" and name != "g"
        )
        if other or misplaced:
            raise _wrong(f"`{op.call()}` takes `{v}` for `{name}`")


def _verify_axes(op: Op, arrays: list[Array]) -> None:
    """Axes under one letter have one length, and run over the same units."""
    lengths: dict[str, tuple[str, str]] = {}
    for x, letters in zip(arrays, op.kind.indices, strict=False):
        if isinstance(x, Folded):
            continue  # its rows are of another length than those of the array
        shape, labels = shape_of(x), labels_of(x)
        for letter, length, label in zip(letters, shape, labels or ("",) * len(shape), strict=True):
            before = lengths.setdefault(letter, (length, label))
            differs = before[1] and label and before[1] != label
            if before[0] != length or differs:
                raise _wrong(
                    f"`{op.call()}` has axes of {before} and {(length, label)} under one letter"
                )
            lengths[letter] = (length, before[1] or label)


def shape_of(x: Array) -> tuple[str, ...]:
    """The lengths of an operand's axes, as text."""
    v = base(x)
    shape = tuple(map(str, v.shape))
    if isinstance(x, View):
        return shape[1:]
    if isinstance(x, Part):
        kept = shape if x.index is None else shape[1:]
        return (x.rows.text, *kept[1:])
    return shape


def labels_of(x: Array) -> tuple[str, ...]:
    """What an operand's axes run over."""
    v = base(x)
    dropped = isinstance(x, View) or (isinstance(x, Part) and x.index is not None)
    return v.labels[1:] if dropped and v.labels else v.labels


def _carry_out(op: Op, known: Knowledge, loops: tuple[str, ...]) -> None:
    read, changed = _used(op, Access.READ, Access.UPDATE), _used(op, Access.WRITE, Access.UPDATE)
    for key in read:
        if key not in known.written:
            raise _wrong(f"`{op.call()}` reads `{key}` before it is written")
    if "stream" in dict(op.kind.arguments):
        _verify_stream(op, known, loops)
    drawn = any(v.content in (Content.STATES, Content.MEANS) for v in changed.values())
    making = {key for key, v in changed.items() if v.content in FIELDS and not drawn}
    _verify_layouts(op, known, read)
    if not making:  # a draw unit after unit keeps its fields up to date: it uses them all the same
        _verify_fields(op, known, read, drawn)
    _note_moments(op, known, changed)
    sources = 0
    for key in read:
        sources |= known.roots.get(key, 0)
    for key in changed:
        kept = known.roots.get(key, 0) if key in read else known.gradients.get(key, 0)
        known.written.add(key)
        known.version[key] = known.version.get(key, 0) + 1
        known.roots[key] = kept | sources
    for key, v in changed.items():
        if v.content is Content.LAYOUT:
            known.made_from[key] = {name: known.version.get(name, 0) for name in read}
    for key in making:
        _make_field(op, known, key, read)
    for key, v in _used(op, Access.READ).items():
        if making and v.content is Content.PROJECTION:
            known.used.add(key)  # functions are taken of it: to go on adding to it is a fault


def _used(op: Op, *accesses: Access) -> dict[str, Value]:
    """The arrays that an op uses in one of these ways, by name; of fields on x and x² each on its
    own.
    """
    out = {}
    for x, (_, takes) in zip(op.operands, op.kind.arguments, strict=True):
        if takes.access in accesses and not isinstance(x, Number):
            v, part = base(x), x.of if isinstance(x, Folded) else x
            index = (
                None
                if isinstance(part, Value | Rest) or v.content is not Content.FIELD
                else part.index
            )
            out[v.name + ("" if index is None else f"[{index}]")] = v
    return out


def _verify_fields(op: Op, known: Knowledge, read: Mapping[str, Value], drawn: bool) -> None:
    for key, v in read.items():
        if v.content not in FIELDS:
            continue
        if drawn:
            known.used.add(key)
        _verify_age(op, known, key, "a field")


def _verify_layouts(op: Op, known: Knowledge, read: Mapping[str, Value]) -> None:
    """What a product reads is laid out from the parameter that it names, as that is now."""
    parameters = {key for key, v in read.items() if v.content is not Content.LAYOUT}
    for key in read.keys() - parameters:
        _verify_age(op, known, key, "a layout")
        if not known.made_from.get(key, {}).keys() <= parameters:
            raise _wrong(f"`{op.call()}` reads `{key}`, which is laid out from another parameter")


def _verify_age(op: Op, known: Knowledge, key: str, what: str) -> None:
    for name, version in known.made_from.get(key, {}).items():
        if known.version.get(name, 0) != version:
            raise _wrong(
                f"`{op.call()}` uses `{key}`, {what} made from `{name}` before that changed"
            )


def _make_field(op: Op, known: Knowledge, key: str, read: Mapping[str, Value]) -> None:
    sources = _used(op, Access.READ)
    adds = any(v.number != "i8" for v in sources.values())
    old = [x for x in (key, *sources) if x in known.used and (x in sources or (x in read and adds))]
    if old:
        raise _wrong(f"`{op.call()}` goes on with `{old[0]}`, a field that has been used already")
    known.used.discard(key)
    before = dict(known.made_from.get(key, {})) if key in read else {}
    for other, v in read.items():
        if v.content in FIELDS and other != key:
            before |= known.made_from.get(other, {})
        elif v.content in SOURCES:
            before[other] = known.version.get(other, 0)
    known.made_from[key] = before


def _note_moments(op: Op, known: Knowledge, changed: Mapping[str, Value]) -> None:
    """Which rows an array stands for: itself if it comes of a field, else those that it is a
    moment, a square or a copy of.
    """
    read = _used(op, Access.READ)
    contents = {v.content for v in read.values()}
    rows = frozenset[str]().union(
        *(known.stands_for.get(k, frozenset([k])) for k, v in read.items() if v.content in ROWS)
    )
    updated = _used(op, Access.UPDATE)
    for key, v in changed.items():
        before = known.stands_for.get(key, frozenset()) if key in updated else frozenset[str]()
        if v.content is Content.GRADIENT:
            is_moment = op.kind.is_moment and Content.GRADIENT not in contents
            known.stands_for[key] = before | (rows if is_moment else frozenset())
        elif v.content in ROWS:
            known.stands_for[key] = (
                frozenset([key]) if Content.FIELD in contents else before | rows | {key}
            )


def _verify_stream(op: Op, known: Knowledge, loops: tuple[str, ...]) -> None:
    named = {name: str(x) for (name, _), x in zip(op.kind.arguments, op.operands, strict=True)}
    step, part = named["step"], named.get("part", "")
    parts = (step, named["update"], named["stream"], part)
    varying = {word for x in parts for word in x.split()}
    inside = tuple(x for x in loops if x.split()[0] in varying)
    key = (op.kind.origin, named["stream"], named["update"], step, part, *inside)
    if key in known.keys and named["stream"] not in known.shared:
        raise _wrong(f"`{op.call()}` draws from a stream that another draw of the update has used")
    known.keys.add(key)


def _verify_moments(
    by_source: Mapping[tuple[str, ...], str],
    known: Knowledge,
    name: str,
    groups: tuple[str, ...],
    phases: Sequence[Mapping[str, str]],
    squares: Sequence[Mapping[str, str]],
) -> None:
    """The gradient of a parameter has moments of a term's groups in every phase."""
    arrays = (by_source.get((kind, name), "") for kind in ("gradient", "raw gradient"))
    fed = frozenset[str]().union(*(known.stands_for.get(x, frozenset()) for x in arrays))
    for rows, of_squares in zip(phases, squares, strict=True):
        for group in groups:
            wanted = {rows[group], of_squares.get(group, rows[group])}
            if not fed & wanted.union(*(known.stands_for.get(x, frozenset()) for x in wanted)):
                raise _wrong(f"the gradient of `{name}` has no moment of the rows `{rows[group]}`")


def _verify_moved(by_source: Mapping[tuple[str, ...], str], known: Knowledge, name: str) -> None:
    """A parameter is moved by its gradient."""
    parameter, gradient = by_source["parameter", name], by_source["gradient", name]
    if not known.roots.get(parameter, 0) & known.gradients.get(gradient, 0):
        raise _wrong(f"`{name}` is not moved by its gradient")


def _wrong(what: str) -> BmError:
    return fail(
        "BM887",
        f"a compiled routine is wrong: {what}",
        help="this is a fault of bmdsl, not of your model",
    )
