r"""Filters as users write them: expressions, strings and dicts, all of them one tree.

The string form has the grammar of Python expressions, is read with Python's own parser and never
evaluated::

    filter     = filter "or" filter | filter "and" filter | "not" filter | "(" filter ")" | term
    term       = comparison | method | column | "True" | "False"
    comparison = side (("==" | "!=" | "<" | "<=" | ">" | ">=") side)+   a column and a value in turn
               | column ["not"] "in" "[" value, ... "]"                 also (...) and {...}
               | value ["not"] "in" column                              an element of a list
               | column "is" ["not"] "None"
    method     = column ".between(" value "," value ")" | column ".startswith(" value ")"
               | column (".isin(" | ".not_in(" | ".contains_any(" | ".contains_all(") "[...])"
               | column ".contains(" value ")" | column ".is_null()"
    column     = a name | `any name` in backticks | "col(" a string ")" | "id"
    value      = a string | a number | "True" | "False" | "timestamp(" '2024-01-31[T12:00[Z]]' ")"

A column alone is a condition: that it is True. `id` stands for the items' ids, which take `==`,
`!=` and `in` alone. A null satisfies no comparison, `!=` and `not in` among them; `not` is the
complement, so that `not year == 2020` holds where there is no year and `year != 2020` does not.

The dict form is that of Chroma, Pinecone and LangChain: `{"year": 2020}` for equality,
`{"year": {"$gte": 2020, "$lt": 2024}}`, and `{"$and": [...]}`. Several keys are joined by "and".
None stands for a null in `$eq`, `$ne` and for itself: `{"year": None}`.

What `filter=` takes besides: ids, in a set, a range, an array or, where they are integers, a list;
a mask, a list or array of bool with an entry an item; and a function of an id. For a filter of each
query's own, give a list (or a tuple, or an array of two axes) of any of these, as many as there are
queries, None for no filter::

    [3, 5, 8]   {"a", "b"}         ids, for all queries: sets are never one a query
    [[3, 5], {8}, range(10, 20)]   ids, those of each query
    ["year > 2019", "open"]        conditions, one a query: a str in a list is never an id
    [{"a", "b"}, {"c"}]            ids that are str, those of each query

An array of str is ids as a set of them is, and refused where ids are integers: conditions, one a
query, are in a list.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Set
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner import _filter_mistakes as mistakes
from lanner._core import InvalidArgumentError, Timestamp, WrongTypeError
from lanner._expressions import (
    MAX_DEPTH,
    Column,
    Filter,
    IdColumn,
    Value,
    col,
    id_hint,
    join,
    read_time,
    to_value,
    without_nulls,
)

__all__ = ["Filter", "col", "each_query", "from_dict", "parse", "to_filter"]

MAX_TEXT = 1 << 16
_CACHED_TEXT = 1 << 11
_CACHED_DICTS = 4096

_SPECIAL = re.compile(rf"{mistakes.LITERAL}|`[^`\n]+`|[\r\n\f]|#|`")

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_FLIPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Methods by what they take: one list, or so many values.
_LIST_METHODS = ("isin", "not_in", "contains_any", "contains_all")
_VALUE_METHODS = {"between": 2, "contains": 1, "startswith": 1, "is_null": 0}

_Operand = Column | IdColumn
Mask = NDArray[np.bool_]


def parse(text: str) -> Filter:
    """Read the string form of a filter.

    Raises
    ------
    InvalidArgumentError
        With the text and a mark at the mistake; also beyond 65,536 characters or 100 levels.

    Examples
    --------
    >>> from lanner import filters
    >>> filters.parse("2015 <= year < 2020 and not ('cs.IR' in tags or draft)")
    year >= 2015 and year < 2020 and not ('cs.IR' in tags or draft == True)
    >>> filters.parse("year >> 3")
    Traceback (most recent call last):
    ...
    lanner.InvalidArgumentError: filter: expected a condition
      year >> 3
      ^
    """
    if len(text) > MAX_TEXT:
        raise InvalidArgumentError(
            f"filter must be at most {MAX_TEXT} characters, got {len(text)}: "
            "many ids or values go into col.id.isin(array) or col(name).isin(list)"
        )
    return _Reader(text).read()


class _Reader:
    """Reads one text. Positions are those of the text as it was given."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[int, str] = {}
        self.source = text
        if "`" in text or "#" in text or "\n" in text or "\r" in text or "\f" in text:
            self.source = _SPECIAL.sub(self._replace, text)
        body = self.source.lstrip()
        self.shift = len(self.source) - len(body)
        self.source = body
        if not body.strip():
            raise self.error_at("expected a condition, got nothing", 0)

    def _replace(self, match: re.Match[str]) -> str:
        found = match.group()
        if found[0] in "'\"":
            return found
        if found == "#":
            raise self.error_at("a filter has no comments", match.start())
        if found == "`":
            raise self.error_at("a ` that nothing closes", match.start())
        if found[0] == "`":
            self.names[match.start()] = found[1:-1]
            return "_" * len(found)
        return " "

    def read(self) -> Filter:
        if mistakes.too_complex(self.source):
            raise self.error_at("too complex, or not a condition", 0)
        # Python would make one of them, and lose the quotes between.
        if (second := mistakes.side_by_side(self.source)) is not None:
            what = "two strings side by side; a quote within a string is written \\' or \\\""
            raise self.error_at(what, self.shift + second)
        try:
            tree = compile(self.source, "<filter>", "eval", ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError as error:
            other = mistakes.written_otherwise(self.source)
            if other is not None:
                raise self.error_at(other[0], self.shift + other[1]) from None
            # Errors at the end may lie behind it.
            place = self.shift + max((error.offset or 1) - 1, 0)
            raise self.error_at(str(error.msg), min(place, len(self.text))) from None
        except UnicodeEncodeError as error:
            raise self.error_at("expected text of UTF-8", self.shift + error.start) from None
        except (ValueError, MemoryError, RecursionError, OverflowError) as error:
            raise self.error_at(str(error) or "too deep", 0) from None
        assert isinstance(tree, ast.Expression)
        return self.condition(tree.body, 1)

    def error(self, what: str, node: ast.expr) -> InvalidArgumentError:
        return self.error_at(what, self.place(node))

    def error_at(self, what: str, place: int) -> InvalidArgumentError:
        return InvalidArgumentError(mistakes.marked(what, self.text, place))

    def place(self, node: ast.expr) -> int:
        """Return a node's place in characters; the parser counts bytes."""
        if self.source.isascii():
            return self.shift + node.col_offset
        return self.shift + len(self.source.encode()[: node.col_offset].decode(errors="ignore"))

    def condition(self, node: ast.expr, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise self.error(f"at most {MAX_DEPTH} levels, got more", node)
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        if isinstance(node, ast.BoolOp):
            op = "and" if isinstance(node.op, ast.And) else "or"
            return join(op, [self.condition(each, depth + 1) for each in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.condition(node.operand, depth + 1)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            return Filter("and" if node.value else "or")
        column = self.column(node)
        if isinstance(column, Column):
            return Filter("==", column._name, (True,))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self.method(node, node.func)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            raise self.error("conditions are joined by 'and' and 'or'", node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            raise self.error("conditions are negated by 'not'", node)
        raise self.error("expected a condition", node)

    def column(self, node: ast.expr) -> _Operand | None:
        """Return the column that a node names, or None where it names none."""
        if isinstance(node, ast.Name):
            name = self.names.get(self.place(node)) if self.names else None
            if name is None and node.id == "id":
                return col.id
            return Column(name or node.id)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            return None
        if node.func.id != "col":
            return None
        name = self.string(node, "col takes the name of a column")
        if not name:
            raise self.error("a column's name must not be empty", node)
        return Column(name)

    def string(self, node: ast.Call, wanted: str) -> str:
        if len(node.args) == 1 and not node.keywords:
            value = node.args[0]
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                return str(self.checked(value.value, value))
        raise self.error(f"{wanted}, a string", node)

    def checked(self, value: object, node: ast.expr) -> Value:
        try:
            return to_value(value, "a value")
        except (InvalidArgumentError, WrongTypeError) as error:
            raise self.error(str(error), node) from None

    def value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Constant):
            if node.value is None:
                raise self.error("nothing compares with None: write 'column is None'", node)
            if isinstance(node.value, (bool, int, float, str)):
                return self.checked(node.value, node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            number = node.operand
            if isinstance(number, ast.Constant) and type(number.value) in (int, float):
                minus = isinstance(node.op, ast.USub)
                return self.checked(-number.value if minus else number.value, node)  # type: ignore[operator]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id != "timestamp":
                raise self.error(
                    f"there is no function {node.func.id}: timestamp('...') is one", node
                )
            text = self.string(node, "timestamp takes a time")
            try:
                return Timestamp(read_time(text, exact=True))
            except ValueError as error:
                raise self.error(str(error), node.args[0]) from None
        quoted = mistakes.as_string(node, self.source)
        if self.column(node) is not None:
            what = "expected a value, got a column: columns compare with values alone" + quoted
            raise self.error(self.constant(node) or what, node)
        raise self.error("expected a value: a string, a number, True or False" + quoted, node)

    def constant(self, node: ast.expr) -> str | None:
        """Return how a constant is written that a node spells otherwise."""
        return mistakes.constant_otherwise(node.id) if isinstance(node, ast.Name) else None

    def values(self, node: ast.expr) -> list[Value] | None:
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return [self.value(each) for each in node.elts]
        return None

    def comparison(self, node: ast.Compare) -> Filter:
        sides = [node.left, *node.comparators]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        return join("and", [self.pair(left, op, right) for left, op, right in pairs])

    def pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Filter:
        if isinstance(op, (ast.In, ast.NotIn)):
            return self.membership(left, right, negated=isinstance(op, ast.NotIn))
        column = self.column(left)
        if isinstance(op, (ast.Is, ast.IsNot)):
            if not isinstance(column, Column):
                raise self.error("expected a column before 'is'", left)
            if not (isinstance(right, ast.Constant) and right.value is None):
                what = "'is' asks for None alone: write == instead"
                raise self.error(self.constant(right) or what, right)
            null = column.is_null()
            return null if isinstance(op, ast.Is) else ~null
        sign = _COMPARE[type(op)]
        if column is not None:
            return self.compare(column, sign, self.value(right), left)
        column = self.column(right)
        if column is None:
            self.value(left)
            raise self.error("expected a column: one side of a comparison is one", right)
        return self.compare(column, _FLIPPED[sign], self.value(left), right)

    def compare(self, column: _Operand, sign: str, value: Value, node: ast.expr) -> Filter:
        if isinstance(column, Column):
            return Filter(sign, column._name, (value,))
        if sign not in ("==", "!="):
            raise self.error("ids take == and != and in alone", node)
        held = self.ids([value], node)
        return held if sign == "==" else ~held

    def ids(self, values: list[Value], node: ast.expr) -> Filter:
        try:
            return col.id.isin(values)
        except (InvalidArgumentError, WrongTypeError) as error:
            raise self.error(str(error), node) from None

    def membership(self, left: ast.expr, right: ast.expr, *, negated: bool) -> Filter:
        values = self.values(right)
        column = self.column(right if values is None else left)
        if column is None:
            what = "'in' takes a list of values or a column behind it"
            raise self.error(
                what if values is None else "expected a column before 'in [...]'", left
            )
        if isinstance(column, IdColumn):
            if values is None:
                raise self.error("an id is no list", right)
            held = self.ids(values, right)
            return ~held if negated else held
        if values is None:
            held = Filter("contains", column._name, (self.value(left),))
        else:
            held = Filter("in", column._name, tuple(values))
        return without_nulls(held, column._name) if negated else held

    def method(self, node: ast.Call, function: ast.Attribute) -> Filter:
        name = function.attr
        column = self.column(function.value)
        if column is None:
            raise self.error("expected a column before the method", function.value)
        known = [*_LIST_METHODS, *_VALUE_METHODS]
        if name not in known or not hasattr(column, name):
            raise self.error(f"there is no method {name}: columns have {', '.join(known)}", node)
        if node.keywords:
            raise self.error(f"{name} takes no named arguments", node)
        arguments: list[Any]
        if name in _LIST_METHODS:
            listed = self.values(node.args[0]) if len(node.args) == 1 else None
            if listed is None:
                raise self.error(f"{name} takes one list of values", node)
            arguments = [listed]
        else:
            if len(node.args) != _VALUE_METHODS[name]:
                raise self.error(
                    f"{name} takes {_VALUE_METHODS[name]} values, got {len(node.args)}", node
                )
            arguments = [self.value(each) for each in node.args]
        try:
            made: Filter = getattr(column, name)(*arguments)
        except (InvalidArgumentError, WrongTypeError) as error:
            raise self.error(str(error), node) from None
        return made


def _exists(column: Column, value: object, path: str) -> Filter:
    if not isinstance(value, bool):
        raise WrongTypeError(f"{path} must be True or False, got {type(value).__name__}")
    return ~column.is_null() if value else column.is_null()


def _between(column: Column, value: object, path: str) -> Filter:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise InvalidArgumentError(f"{path} must be two values, low and high")
    return column.between(value[0], value[1])


_OPERATORS: dict[str, Callable[[Column, Any, str], Filter]] = {
    "$eq": lambda c, v, _: c.is_null() if v is None else c == v,
    "$ne": lambda c, v, _: ~c.is_null() if v is None else c != v,
    "$gt": lambda c, v, _: c > v,
    "$gte": lambda c, v, _: c >= v,
    "$lt": lambda c, v, _: c < v,
    "$lte": lambda c, v, _: c <= v,
    "$between": _between,
    "$in": lambda c, v, _: c.isin(v),
    "$nin": lambda c, v, _: c.not_in(v),
    "$contains": lambda c, v, _: c.contains(v),
    "$not_contains": lambda c, v, _: without_nulls(c.contains(v), c._name),
    "$contains_any": lambda c, v, _: c.contains_any(v),
    "$contains_all": lambda c, v, _: c.contains_all(v),
    "$all": lambda c, v, _: c.contains_all(v),
    "$startswith": lambda c, v, _: c.startswith(v),
    "$exists": _exists,
}
_ID_OPERATORS: dict[str, Callable[[Any], Filter]] = {
    "$eq": lambda v: col.id == v,
    "$ne": lambda v: col.id != v,
    "$in": lambda v: col.id.isin(v),
    "$nin": lambda v: col.id.not_in(v),
}
_JUNCTIONS = ("$and", "$or", "$nor", "$not")


def from_dict(conditions: Mapping[str, object]) -> Filter:
    """Read the dict form of a filter; an empty dict holds for every item.

    Raises
    ------
    InvalidArgumentError, WrongTypeError
        With the path to the mistake, as in `filter["year"]["$gte"]`.

    Examples
    --------
    >>> from lanner import filters
    >>> filters.from_dict({"$or": [{"year": {"$gt": 2019}}, {"tags": {"$contains": "cs.IR"}}]})
    year > 2019 or 'cs.IR' in tags
    """
    return _conditions(conditions, "filter", 1)


def _conditions(conditions: object, path: str, depth: int) -> Filter:
    if depth > MAX_DEPTH:
        raise InvalidArgumentError(f"{path[:60]}...: at most {MAX_DEPTH} levels, got more")
    if not isinstance(conditions, Mapping):
        raise WrongTypeError(f"{path} must be a dict, got {type(conditions).__name__}")
    return join("and", [_entry(key, each, path, depth) for key, each in conditions.items()])


def _entry(key: object, value: object, path: str, depth: int) -> Filter:
    if not isinstance(key, str):
        raise WrongTypeError(f"{path} must have str keys, got {type(key).__name__}")
    path = f"{path}[{key!r}]"
    if key == "$not":
        return ~_conditions(value, path, depth + 1)
    if key in _JUNCTIONS:
        if not isinstance(value, (list, tuple)):
            raise WrongTypeError(f"{path} must be a list of dicts, got {type(value).__name__}")
        parts = [_conditions(each, f"{path}[{i}]", depth + 1) for i, each in enumerate(value)]
        return join("and", parts) if key == "$and" else _either(parts, negated=key == "$nor")
    if key.startswith("$"):
        _unknown(path, [*_JUNCTIONS, "the names of columns"])
    return _column_conditions(key, value, path, depth)


def _either(parts: list[Filter], *, negated: bool) -> Filter:
    held = join("or", parts)
    return ~held if negated else held


def _column_conditions(name: str, value: object, path: str, depth: int) -> Filter:
    if depth > MAX_DEPTH:
        raise InvalidArgumentError(f"{path[:60]}...: at most {MAX_DEPTH} levels, got more")
    if not isinstance(value, Mapping):
        return _operation(name, "$eq", value, path)
    if not value:
        raise InvalidArgumentError(f"{path} must have an operator, got none")
    parts = []
    for op, operand in value.items():
        inner = f"{path}[{op!r}]"
        if op == "$not":
            parts.append(~_column_conditions(name, operand, inner, depth + 1))
        else:
            parts.append(_operation(name, op, operand, inner))
    return join("and", parts)


def _operation(name: str, op: object, value: object, path: str) -> Filter:
    known = _ID_OPERATORS if name == "id" else _OPERATORS
    if not isinstance(op, str) or op not in known:
        _unknown(path, [*known, "$not"])
    if isinstance(value, (list, tuple, set)) and op in ("$eq", "$ne"):
        raise WrongTypeError(
            f"{path} must be one value, got several: $in or $contains_any take several"
        )
    try:
        return (
            _ID_OPERATORS[op](value) if name == "id" else _OPERATORS[op](Column(name), value, path)
        )
    except WrongTypeError as error:
        raise WrongTypeError(f"{path}: {error}") from None
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{path}: {error}") from None


def _unknown(path: str, known: list[str]) -> NoReturn:
    raise InvalidArgumentError(f"{path} is not known: there are {', '.join(known)}")


@lru_cache(maxsize=1024)
def _cached(text: str) -> _core.Filter:
    return parse(text).core


_dicts: dict[bytes, _core.Filter] = {}


def _of_dict(value: Mapping[Any, Any]) -> _core.Filter:
    """Read a dict; one of plain values that was read before is only looked up."""
    key = _core.plain_key(value, _CACHED_TEXT)
    if key is None:
        return from_dict(value).core
    known = _dicts.get(key)
    if known is None:
        known = from_dict(value).core
        # Not if another thread has changed the dict between the two readings.
        if _core.plain_key(value, _CACHED_TEXT) == key:
            if len(_dicts) >= _CACHED_DICTS:
                _dicts.clear()
            _dicts[key] = known
    return known


def to_filter(value: object) -> _core.Filter | Mask | Callable[..., object]:
    """Return what the core searches with: a tree, a mask of items, or a function that is asked.

    A `Filter`, a string and a dict become a tree, and so do ids in a list of integers, a set, a
    range or an array, which the items must be among. A list or array of bool is a mask, whose
    length is not checked here. A callable comes back as it is.
    """
    if isinstance(value, str):
        return _cached(value) if len(value) <= _CACHED_TEXT else parse(value).core
    if isinstance(value, Filter):
        return value.core
    if isinstance(value, Mapping):
        return _of_dict(value)
    if isinstance(value, Column):
        return Filter("==", value._name, (True,)).core
    if isinstance(value, (list, tuple)):
        return _of_list(value)
    if isinstance(value, (Set, range)):
        return col.id.isin(value if isinstance(value, range) else list(value)).core
    if isinstance(value, np.ndarray) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.ndim != 1:
            raise InvalidArgumentError(
                f"filter as an array must have one axis, got shape {array.shape}"
            )
        if array.dtype.kind == "b":
            return np.ascontiguousarray(array)
        # Ids of a set of two at most, or a mask of somebody who has no bool.
        if len(array) > 2 and array.dtype.kind in "iu" and array.min() >= 0 and array.max() <= 1:
            _refuse_numbers(len(array), array.dtype.name)
        return col.id.isin(array).core
    if callable(value):
        return value
    hint = f": one id goes into a list, [{value}]" if type(value) is int else id_hint(value)
    raise WrongTypeError(
        "filter must be an expression of col, a str, a dict, a mask, ids or a callable, "
        f"got {type(value).__name__}{hint}"
    )


def _refuse_numbers(count: int, kind: str) -> NoReturn:
    raise InvalidArgumentError(
        "filter must be bool, one an item, or ids, each once: got "
        f"{count} {kind} of nothing but 0 and 1"
    )


def _of_list(values: list[object] | tuple[object, ...]) -> _core.Filter | Mask:
    types = set(map(type, values))
    if types and types <= {bool, np.bool_}:
        return np.array(values, dtype=bool)
    if types and all(issubclass(kind, str) for kind in types):
        raise WrongTypeError(
            "filter as a list of str could be ids or conditions: ids go into a set or "
            "col.id.isin([...]), and conditions that are all to hold are joined by 'and'"
        )
    if _holds_filters(values):
        raise WrongTypeError(
            "filter must be one filter here, got a list of several; conditions are joined by "
            "& and |, and ids go into col.id.isin([...])"
        )
    if len(values) > 2 and types == {int} and set(values) <= {0, 1}:
        _refuse_numbers(len(values), "int")
    return col.id.isin(values).core


def _holds_filters(values: list[object] | tuple[object, ...]) -> bool:
    """Return whether any of them is a filter, rather than an element of a mask or of ids."""
    kinds = (Filter, Column, str, Mapping, Set, range, list, tuple, np.ndarray)
    # One of each type tells.
    return any(
        each is None
        or isinstance(each, kinds)
        or callable(each)
        or (hasattr(each, "__array__") and not isinstance(each, np.generic))
        for each in {type(each): each for each in values}.values()
    )


def each_query(value: object) -> list[object] | None:
    """Return a list of filters, one a query (None: no filter), or None where `value` is one filter.

    A list or tuple is several filters if one of its elements is a filter in its own right (a list,
    set or range of ids among them) or None; otherwise it is a mask or ids. So is an array of two
    axes, a row a query.
    """
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return list(value)
    if isinstance(value, (list, tuple)) and _holds_filters(value):
        return list(value)
    return None
