"""Which functions of the package a call may be one of, from the source alone: by its name, its
number of arguments, and what it is called on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Signature:
    """Arguments of a function, a method (`self` left out) or a class."""

    owner: str
    """The class of a method; empty for others."""
    arguments: tuple[str, ...]
    least: int

    def fits(self, call: ast.Call) -> bool:
        """Whether the call has as many arguments as this takes."""
        given = len(call.args)
        return self.least <= given + len(call.keywords) and given <= len(self.arguments)


Scope = Mapping[str, frozenset[str]]
"""Variable → classes that its value may be of, as far as they are known."""


@dataclass
class Package:
    """The classes and functions of parsed modules, by file."""

    trees: Mapping[str, ast.Module]
    signatures: dict[str, list[Signature]] = field(default_factory=dict)
    fields: dict[str, dict[str, ast.expr]] = field(default_factory=dict)
    """Class → its annotated fields and properties."""
    values: dict[str, dict[str, tuple[ast.expr, ast.FunctionDef]]] = field(default_factory=dict)
    """Class → what its `__init__` sets its attributes to."""
    bases: dict[str, tuple[str, ...]] = field(default_factory=dict)

    _known: dict[ast.FunctionDef, dict[str, frozenset[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._modules = {Path(file).stem for file in self.trees}
        for tree in self.trees.values():
            methods: set[ast.AST] = set()
            for owner in (x for x in ast.walk(tree) if isinstance(x, ast.ClassDef)):
                methods |= set(owner.body)
                self._add_class(owner)
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef) and node not in methods:
                    self._add(node.name, "", node, False)

    def _add(self, name: str, owner: str, node: ast.FunctionDef, method: bool) -> None:
        names = tuple(a.arg for a in node.args.args)[int(method) :]
        made = Signature(owner, names, len(names) - len(node.args.defaults))
        self.signatures.setdefault(name, []).append(made)

    def _add_class(self, node: ast.ClassDef) -> None:
        found = {
            x.target.id: x
            for x in node.body
            if isinstance(x, ast.AnnAssign) and isinstance(x.target, ast.Name)
        }
        known = self.fields.setdefault(node.name, {})
        known |= {name: x.annotation for name, x in found.items()}
        self.bases[node.name] = tuple(ast.unparse(b) for b in node.bases)
        methods = [x for x in node.body if isinstance(x, ast.FunctionDef)]
        for method in methods:
            decorators = [ast.unparse(d) for d in method.decorator_list]
            if "property" in decorators and method.returns is not None:
                known[method.name] = method.returns
            start = method.name == "__init__"
            if start:
                self.values.setdefault(node.name, {}).update(_attributes(method))
            self._add(
                node.name if start else method.name,
                "" if start else node.name,
                method,
                "staticmethod" not in decorators,
            )
        if "__init__" not in {m.name for m in methods} and any(
            "dataclass" in ast.unparse(d) for d in node.decorator_list
        ):
            least = sum(x.value is None for x in found.values())
            self.signatures.setdefault(node.name, []).append(Signature("", tuple(found), least))

    # ------------------------------------------------------------ calls

    def calls(self) -> Iterator[tuple[str, ast.Call, list[Signature]]]:
        """File, call and what it may be a call of, of every call."""
        for file, tree in self.trees.items():
            for call, scope in self._calls(tree, {}):
                yield file, call, [s for s in self._called(call, scope) if s.fits(call)]

    def _calls(
        self, node: ast.AST, scope: dict[str, frozenset[str]]
    ) -> Iterator[tuple[ast.Call, Scope]]:
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, ast.ClassDef):
                inner = {**scope, "self": frozenset([child.name])}
            elif isinstance(child, ast.FunctionDef):
                inner = {**scope, **self._variables(child)}
            if isinstance(child, ast.Call):
                yield child, inner
            yield from self._calls(child, inner)

    def _variables(self, function: ast.FunctionDef) -> dict[str, frozenset[str]]:
        """Arguments by their annotations, and variables that are assigned an object of a class."""
        if function in self._known:
            return self._known[function]
        places = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        out = {a.arg: self._classes(a.annotation) for a in places if a.arg != "self"}
        for target, value in _assigned(function):
            if isinstance(target, ast.Name):
                made = {
                    n.func.id
                    for n in ast.walk(value)
                    if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
                }
                out[target.id] = frozenset(made & set(self.bases)) | self._class_of(value, out)
        self._known[function] = out
        return out

    def _classes(self, annotation: ast.expr | None) -> frozenset[str]:
        """The classes in `A`, `A | B` or `A | None`; none of what else is written."""
        if isinstance(annotation, ast.BinOp):
            return self._classes(annotation.left) | self._classes(annotation.right)
        return (
            frozenset({annotation.id} & set(self.bases))
            if isinstance(annotation, ast.Name)
            else frozenset()
        )

    def _class_of(self, x: ast.expr, scope: Scope) -> frozenset[str]:
        if isinstance(x, ast.Name):
            return scope.get(x.id, frozenset())
        if not isinstance(x, ast.Attribute):
            return frozenset()
        found = frozenset[str]()
        for owner in self._with_bases(self._class_of(x.value, scope)):
            found |= self._classes(self.fields[owner].get(x.attr))
            value, start = self.values.get(owner, {}).get(x.attr, (None, None))
            if value is not None and start is not None:
                found |= self._class_of(value, self._variables(start))
        return found

    def _with_bases(self, classes: frozenset[str]) -> set[str]:
        found: set[str] = set()
        waiting: list[Any] = list(classes)
        while waiting:
            name = waiting.pop()
            if name in self.bases and name not in found:
                found.add(name)
                waiting += self.bases[name]
        return found

    def _called(self, call: ast.Call, scope: Scope) -> list[Signature]:
        if isinstance(call.func, ast.Name):
            return [s for s in self.signatures.get(call.func.id, ()) if not s.owner]
        if not isinstance(call.func, ast.Attribute):
            return []
        every, on = self.signatures.get(call.func.attr, []), call.func.value
        owners = self._with_bases(self._class_of(on, scope))
        if isinstance(on, ast.Name) and on.id in self._modules and on.id not in scope:
            owners = {""}
        return [s for s in every if s.owner in owners] or every


def _assigned(function: ast.FunctionDef) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is assigned, and its value; one after another if several are."""
    for x in ast.walk(function):
        if not isinstance(x, ast.Assign):
            continue
        target, value = x.targets[0], x.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            yield from zip(target.elts, value.elts, strict=True)
        else:
            yield target, value


def _attributes(start: ast.FunctionDef) -> Iterator[tuple[str, tuple[ast.expr, ast.FunctionDef]]]:
    """The `self.name` that are set, each with its value."""
    for target, value in _assigned(start):
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
            yield target.attr, (value, start)
