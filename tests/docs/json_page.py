"""The page about JSON, and a JSON Schema for every verb: `python -m tests.docs.json_page` writes
docs/json.md and docs/schemas/ anew.
"""

from __future__ import annotations

import json
import typing

from bmdsl.cli.documents.forms import FORMS
from bmdsl.cli.schema import keys_of, schema_of, verb_of, verbs

from .generated import page, table, write

HEAD = """# JSON of the verbs

With `--json` a verb prints one JSON document on stdout in place of its text; diagnostics and exit
codes stay as they are. Keys are added in later versions; those that are here keep their names and
meanings. A number that is not known is `null`.

Every verb has a [JSON Schema](https://json-schema.org) of draft 2020-12: types, keys that are
always there, and meanings of keys whose names do not say them. The files below are what
`bm --schema VERB` prints; tests hold the output of every verb against them.

```sh
bm --schema eval
```
"""

FOOT = """`changed` of `bm fmt` are the files that were rewritten, or with `--check` or `--diff`
would be. Codes of `diagnostics` are those of [the index](errors.md)."""


def json_page() -> str:
    """A row for each form of a document."""
    rows = []
    for form, kind in FORMS.items():
        always, sometimes = keys_of(kind)
        command, comma, what = form.partition(", ")
        shape = "an array" if typing.get_origin(kind) is list else "an object"
        keys = ", ".join(f"`{name}`" for name in always)
        more = ", ".join(f"`{name}`" for name in sometimes)
        verb = verb_of(form)
        schema = f"[{verb}.json](schemas/{verb}.json)"
        rows.append((f"`{command}`{comma}{what}", shape, keys, more, schema))
    head = ("command", "prints", "keys", "sometimes", "schema")
    return page(HEAD, table(head, rows), FOOT)


def pages() -> dict[str, str]:
    """Path below docs/ → text."""
    made = {f"schemas/{v}.json": json.dumps(schema_of(v), indent=2) + "\n" for v in verbs()}
    return {"json.md": json_page(), **made}


if __name__ == "__main__":
    write(pages())
