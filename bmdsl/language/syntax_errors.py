"""What the parser stumbled over, said in the language's terms."""

from __future__ import annotations

import re

import lark

from .diagnostics import Diagnostic, Label, near
from .foreign import instead_of_sign
from .source import Source, Span

STATEMENTS = ("visible", "hidden", "given", "param", "energy", "graph", "layers", "bias", "train")
KEYWORDS = (
    *STATEMENTS,
    "data",
    "import",
    "model",
    "stack",
    "init",
    "for",
    "in",
    "on",
    "sum",
    "jointly",
    "greedily",
)
_CLOSES = {"[": "]", "(": ")", "{": "}"}


def diagnose(source: Source, error: lark.exceptions.UnexpectedInput) -> Diagnostic:
    """One diagnostic for one syntax error, at the first token that cannot stand where it is."""
    if isinstance(error, lark.exceptions.UnexpectedCharacters):
        return _character(source, error.pos_in_stream or 0)
    if isinstance(error, lark.exceptions.UnexpectedToken):
        token = error.token
        if token.type == "$END":
            return _end(source)
        accepts = error.accepts or error.expected or set()
        return _token(source, token, accepts)
    return Diagnostic(
        "BM010", "the text ends too early", Span(source, len(source.text), len(source.text))
    )


def skip_statement(text: str, at: int, after: int) -> tuple[str, int] | None:
    """The text with the statement around `at` blanked out, up to the next after `after`, and where
    that is: a parser can then read on.

    None where `at` stands in no statement: then what follows would be guessed.
    """
    plain = _without_texts(text)
    if plain.count("{", 0, at) == plain.count("}", 0, at) > 0:  # behind a definition that is closed
        return None
    words = [(m.start(), m.group()) for m in re.finditer(r"[^\W\d]\w*", plain)]
    starts = [k for k, word in words if word in STATEMENTS and k <= at]
    definitions = [k for k, word in words if word in ("model", "stack", "import") and k <= at]
    if not starts or (definitions and definitions[-1] > starts[-1]):
        return None
    end, depth = starts[-1], 0
    later = {
        k for k, word in words if word in (*STATEMENTS, "model", "stack", "import") and k >= after
    }
    while end < len(text) and end not in later:
        depth += (plain[end] == "{") - (plain[end] == "}")
        if depth < 0:
            break
        end += 1
    blank = "".join("\n" if c == "\n" else " " for c in text[starts[-1] : end])
    return text[: starts[-1]] + blank + text[end:], end


def _without_texts(text: str) -> str:
    """The text with comments and quoted texts as spaces, every character in its place."""
    return re.sub(r'#[^\n]*|"[^"\n]*"', lambda m: " " * len(m.group()), text)


def _character(source: Source, at: int) -> Diagnostic:
    text, span = source.text[at], Span(source, at, at + 1)
    if text == "'":
        return Diagnostic(
            "BM006",
            "unexpected character `'`",
            span,
            helps=("primes are not part of names: use a second letter",),
        )
    if text == '"':
        return Diagnostic(
            "BM009",
            "the text in quotes is never closed on its line",
            span,
            helps=('end it with `"`',),
        )
    help = instead_of_sign(text)
    return Diagnostic(
        "BM006", f"unexpected character `{text}`", span, helps=(help,) if help else ()
    )


def _open_brackets(source: Source, end: int) -> list[int]:
    """Positions of brackets still open before `end`; comments and quoted texts do not count."""
    stack: list[int] = []
    at, text = 0, source.text
    while at < end:
        c = text[at]
        if c == "#":
            at = text.find("\n", at) % (len(text) + 1)
            continue
        if c == '"':
            at = text.find('"', at + 1) % (len(text) + 1)
        elif c in _CLOSES:
            stack.append(at)
        elif c in _CLOSES.values() and stack:
            stack.pop()
        at += 1
    return stack


def _end(source: Source) -> Diagnostic:
    stack = _open_brackets(source, len(source.text))
    if stack:
        opener = source.text[stack[-1]]
        what = (
            "block is not closed at end of file" if opener == "{" else f"`{opener}` is never closed"
        )
        code = "BM007" if opener == "{" else "BM003"
        return Diagnostic(
            code,
            what,
            Span(source, stack[-1], stack[-1] + 1),
            "opened here",
            (f"add `{_CLOSES[opener]}`",),
        )
    end = len(source.text.rstrip())
    return Diagnostic(
        "BM010",
        "the text ends too early",
        Span(source, max(0, end - 1), end),
        "something must follow here",
    )


def _token(source: Source, token: lark.Token, accepts: set[str]) -> Diagnostic:
    start = token.start_pos or 0
    span = Span(source, start, start + len(token))
    before = source.text[:start].rstrip()
    stack = _open_brackets(source, start)
    inside = source.text[stack[-1]] if stack else ""
    if token == "*" and before.endswith("*"):
        place = Span(source, len(before) - 1, start + 1)
        return Diagnostic(
            "BM004", "`**` is not an operator", place, helps=("powers are written `^`: v[i]^2",)
        )
    if (
        before.split()[-1:] == ["sum"]
        and token == "("
        or re.search(r"\bsum_$", before)
        and token == "{"
    ):
        return Diagnostic(
            "BM012",
            f"unexpected `{token}`",
            span,
            helps=("a sum names its letter in brackets: `sum[i] ...`",),
        )
    if token != "}" and re.search(r"\bdata\s*\{[^{}]*$", _without_texts(source.text)[:start]):
        return Diagnostic(
            "BM012",
            f"unexpected `{token}`",
            span,
            helps=(
                "an entry is `GROUP = COLUMNS`, as `v = a..c, d`; a column whose name is no plain"
                ' word, or one of the language, stands in quotes: `"body mass"`',
            ),
        )
    if token in KEYWORDS and accepts == {"NAME"}:
        return Diagnostic(
            "BM008",
            f"`{token}` is a reserved word",
            span,
            "cannot be used as a name",
            (f"rename it, e.g. `{token}_`",),
        )
    if inside in ("[", "(") and (token in KEYWORDS or token == "{"):
        other = Label(Span(source, stack[-1], stack[-1] + 1), "opened here")
        message = f"`{inside}` is never closed"
        return Diagnostic(
            "BM003",
            message,
            span,
            f"expected `,` or `{_CLOSES[inside]}` before `{token}`",
            others=(other,),
        )
    if (
        token == "="
        and re.search(r"\bparam\b[^{}:]*$", _without_texts(source.text)[:start])
        and "INIT" in accepts
    ):
        return Diagnostic(
            "BM013",
            "a parameter's start is written with `init`",
            span,
            helps=("as `param W init normal(0, 0.01)`, `param b init 0.5`",),
        )
    if (
        token == "="
        and inside == "{"
        and re.search(r"\btrain\s*\{[^{}]*$", _without_texts(source.text)[:start])
    ):
        name, value = (
            before.split()[-1].lstrip("{"),
            (source.text[start + 1 :].split() or ["100"])[0],
        )
        return Diagnostic(
            "BM014",
            "a setting has no `=`",
            span,
            helps=(f"write `{name} {value}`; options in parentheses have one: `sgd(rate = 0.1)`",),
        )
    sign = _sign_in_range(before, token)
    if sign is not None and not inside.strip("{"):
        place = Span(source, sign, sign + 1)
        return Diagnostic(
            "BM222",
            "a range takes a sum in parentheses only",
            place,
            helps=("as `for i in 0..(n - 1)`, `for i in (n - 2)..n`",),
        )
    if "COLON" in accepts and token.type == "NAME":
        return Diagnostic(
            "BM001",
            "expected `:` between the unit and its type",
            span,
            "unit type",
            (f"write `: {token}`",),
        )
    if token.type == "NAME" and inside == "{":
        close = near(str(token), KEYWORDS)
        if {s.upper() for s in STATEMENTS} & accepts:
            hint = (
                f"did you mean `{close}`?"
                if close
                else f"statements start with {', '.join((*STATEMENTS, 'data'))}"
            )
            return Diagnostic("BM002", f"unknown statement `{token}`", span, helps=(hint,))
    if token == "language" and not inside and "LANGUAGE" in accepts:
        return Diagnostic(
            "BM018",
            "expected the number of a version after `language`",
            span,
            helps=("write `language 1`, or leave the line out, which means the same",),
        )
    if token.type == "NAME" and not inside:
        close = near(str(token), ("model", "stack", "import", "language"))
        hint = f"did you mean `{close}`?" if close else "a file holds `model`, `stack` and `import`"
        return Diagnostic("BM002", f"unknown statement `{token}`", span, helps=(hint,))
    if before.endswith(("energy", "energy =")) or "EQUAL" in accepts and before.endswith("energy"):
        return Diagnostic(
            "BM011",
            f"expected `=` and a term after `energy`, found `{token}`",
            span,
            helps=("energy = - b[i] v[i]",),
        )
    expected = ", ".join(_shown(name) for name in sorted(accepts) if _shown(name))
    return Diagnostic(
        "BM012",
        f"unexpected `{token}`",
        span,
        notes=(f"what may stand here: {expected}",) if expected else (),
    )


def _sign_in_range(before: str, token: lark.Token) -> int | None:
    """The place of a sign that a range without parentheses goes on with: `for i in n-1..n`, or `for
    i in 0..n-1, j in 0..2`.
    """
    if token.type == "SIGN":
        return token.start_pos if re.search(r"\bin\s*[^,{}<>\[\].]*$", before) else None
    found = re.search(r"\.\.[^,{}\[\]+-]*([+-])[^,{}\[\]]*$", before) if token == "," else None
    return None if found is None else found.start(1)


_TEXTS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "SIGN": "`+` or `-`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "COMMA": "`,`",
    "COLON": "`:`",
    "EQUAL": "`=`",
    "STAR": "`*`",
    "SLASH": "`/`",
    "CIRCUMFLEX": "`^`",
    "PLUS_EQUALS": "`+=`",
    "LESSTHAN": "`<`",
    "MORETHAN": "`>`",
    "DOT": "`.`",
    "$END": "the end",
}


def _shown(terminal: str) -> str:
    """A terminal in words; never its name in the grammar."""
    return _TEXTS.get(terminal, f"`{terminal.lower()}`" if terminal.lower() in KEYWORDS else "")
