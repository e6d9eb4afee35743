"""What a value looks like in a notebook: the HTML is made by the representation of its class,
found by scanning.
"""

from __future__ import annotations

from . import registry

PACKAGE = "bmdsl.notebook.representations"


class Shown:
    """A value that a notebook shows as HTML: its class, or one that it inherits from, is the `WORD`
    of a module of `bmdsl.notebook.representations`, whose `html(value)` draws it.
    """

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        """The HTML, None where no module knows the class: then the text is shown."""
        known = registry.discover(PACKAGE)
        for kind in type(self).__mro__:
            if kind.__name__ in known:
                return str(known[kind.__name__].html(self))
        return None
