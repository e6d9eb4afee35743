"""One file a format.

`WORD.name` is the suffix; `KEYED` says whether `file:key` chooses an array; `read(path, key)`
returns it.

`ALSO`, where set, lists further suffixes of the same format.
"""
