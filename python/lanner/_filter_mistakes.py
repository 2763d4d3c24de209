"""What is said of a mistake in the string form of a filter, and how its place is shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

LITERAL = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""

# Python's parser may recurse once an operator and overflow a small stack: it is asked up to this.
_MAX_OPERATORS = 500
_STRIPPED = re.compile(rf"{LITERAL}|([\[(,<>=]\s*)[-+]?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?")
_CHAIN = re.compile(r"""(?i)[)\]}]\s*[\[({]|\b(?:f|fr|rf|t|tr|rt)['"]""")
_OPERATOR = re.compile(r"[-+*/%@&|^~.]|\b(?:not|if|lambda|await)\b")

_LITERALS = re.compile(rf"(?s:\'\'\'(?:\\.|.)*?\'\'\'|\"\"\"(?:\\.|.)*?\"\"\")|{LITERAL}")
_PREFIXES = ("", "b", "br", "f", "fr", "r", "rb", "rf", "u")  # of a string
_SHOWN = 80
# Digits and operators alone are arithmetic, unless they are those of a date.
_UNQUOTED = re.compile(r"[\w./:@#-]*[^\W\d_][\w./:@#-]*|\d{4}-\d\d?-\d\d?")
_CONSTANTS = {"null": "None", "none": "None", "true": "True", "false": "False"}

# Words of SQL that are names here where an operator follows them.
_NO_NAME = r"(?!\s*(?:[=!<>.,)\]]|$))"
# One that may be of a string whose quotes were forgotten: no operator and no method.
_OPERATORS = (
    "and|or|not|in|is|i?like|between|if|else|for|lambda|await|starts_?with|ends_?with|contains"
    "|contains_any|contains_all|isin|not_in|is_null|matches|regexp|rlike"
)
_WORD = rf"(?!(?i:{_OPERATORS})\b)[^\W\d][\w.-]*"
_OTHERWISE = re.compile(
    rf"""(?P<text>{LITERAL})
    |(?P<unequal><>)|(?P<least>=<)|(?P<most>=>)|(?P<same>===)
    |(?P<equal>(?<![=!<>:])=(?!=))
    |(?<![\w.-])(?P<date>\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d[\w:.+-]*)?)
    |(?:(?<=[=<>])|(?<=[=<>]\s))(?P<words>{_WORD}(?:\s+{_WORD})+)
    |(?P<and_sign>&&)|(?P<or_sign>\|\|)|(?P<not_sign>!(?!=))
    |(?<![\w.])(?:
        (?P<null>(?i:is\s+(?P<not_null>not\s+)?null))\b
        |(?P<between>(?i:(?:not\s+)?between))\b{_NO_NAME}
        |(?P<like>(?i:(?:not\s+)?i?like))\b(?=\s*['"(])
        |(?P<not_in>NOT\s+IN)\b
        |(?P<word>AND|OR|NOT|IN|IS)\b{_NO_NAME}
    )""",
    re.VERBOSE,
)
_MESSAGES: dict[str, Callable[[re.Match[str]], str]] = {
    "unequal": lambda _: "'<>' is written !=",
    "least": lambda _: "'=<' is written <=",
    "most": lambda _: "'=>' is written >=",
    "same": lambda _: "'===' is written ==",
    "equal": lambda _: "'=' is written ==",
    "date": lambda found: f"a time is written in quotes: '{found[0]}'",
    "words": lambda found: f"a string is written in quotes: '{found[0]}'",
    "and_sign": lambda _: "'&&' is written 'and'",
    "or_sign": lambda _: "'||' is written 'or'",
    "not_sign": lambda _: "'!' is written 'not'",
    "null": lambda found: f"'{found[0]}' is written 'is {'not ' if found['not_null'] else ''}None'",
    "between": lambda found: (
        f"'{found[0]}' is written {_negated(found)}column.between(low, high), or low <= column <= "
        "high"
    ),
    "like": lambda found: (
        f"'{found[0]}' is not known: {_negated(found)}column.startswith('...') asks how a string "
        "begins"
    ),
    "not_in": lambda _: "'NOT IN' is written 'not in'",
    "word": lambda found: f"'{found[0]}' is written '{found[0].lower()}'",
}


def _negated(found: re.Match[str]) -> str:
    return "not " if found[0][:3].lower() == "not" else ""


def too_complex(text: str) -> bool:
    """Return whether Python's parser should not be asked."""
    if len(text) <= 2 * _MAX_OPERATORS:
        return False
    stripped = _STRIPPED.sub(r"\g<1>0", text)
    operators = sum(1 for _ in _OPERATOR.finditer(stripped))
    return operators > _MAX_OPERATORS or _CHAIN.search(stripped) is not None


def side_by_side(text: str) -> int | None:
    """Return where a string begins right behind another; None where none does."""
    end = None
    for found in _LITERALS.finditer(text):
        if end is not None and text[end : found.start()].strip().lower() in _PREFIXES:
            return found.start()
        end = found.end()
    return None


def written_otherwise(text: str) -> tuple[str, int] | None:
    """Return what to write for the first habit of SQL or C in a text that is none, and where."""
    for found in _OTHERWISE.finditer(text):
        kind = found.lastgroup
        if kind is not None and kind in _MESSAGES:
            return _MESSAGES[kind](found), found.start()
    return None


def constant_otherwise(name: str) -> str | None:
    """Return how the constant is written that other languages spell so; None for other names."""
    constant = _CONSTANTS.get(name.lower())
    if constant is None:
        return None
    asked = ": 'column is None', or 'is not None'" if constant == "None" else ""
    return f"{name} is written {constant}{asked}"


def as_string(node: ast.expr, source: str) -> str:
    """Return how a value that lacks its quotes is written, as a part of a message; or nothing."""
    text = ast.get_source_segment(source, node) or ""
    if len(text) > _SHOWN or not _UNQUOTED.fullmatch(text):
        return ""
    return f"; a string is written in quotes: '{text}'"


def marked(what: str, text: str, place: int) -> str:
    """Return a message with the text, or what of it is near the place, and a mark there."""
    text = re.sub(r"\s", " ", text)
    begin = max(0, min(place - _SHOWN // 2, len(text) - _SHOWN))
    before = "..." if begin else ""
    after = "..." if begin + _SHOWN < len(text) else ""
    shown = text[begin : begin + _SHOWN].encode(errors="backslashreplace").decode()
    mark = " " * (len(before) + place - begin) + "^"
    return f"filter: {what}\n  {before}{shown}{after}\n  {mark}"
