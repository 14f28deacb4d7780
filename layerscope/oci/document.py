"""JSON documents of the specs, read strictly: what isn't as it must be is an error with a place."""

from __future__ import annotations

from typing import Any, TypeGuard

from layerscope.errors import LayerscopeError

MAX_BYTES = 8 << 20
# Each takes some hundred bytes of memory, however short its text.
MAX_ITEMS = 100_000


class InvalidDocument(LayerscopeError):
    """A manifest, index or config that the specs do not allow."""


class Document:
    """An object of a JSON document and the words that lead to it, for errors."""

    __slots__ = ("values", "what")

    def __init__(self, values: dict[str, Any], what: str) -> None:
        self.values = values
        self.what = what

    @classmethod
    def parse(cls, data: bytes, what: str) -> Document:
        """Read a document. Raises InvalidDocument."""
        values = _load(data, what)
        if not isinstance(values, dict):
            raise InvalidDocument(what, "it is no JSON object")
        return cls(values, what)

    @classmethod
    def parse_list(cls, data: bytes, what: str) -> list[Document]:
        """Read a list of objects. Raises InvalidDocument."""
        values = _load(data, what)
        if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
            raise InvalidDocument(what, "it is no JSON list of objects")
        if len(values) > MAX_ITEMS:
            raise InvalidDocument(what, f"it lists more than {MAX_ITEMS} objects")
        return [cls(item, what) for item in values]

    def wrong(self, key: str, why: str) -> InvalidDocument:
        """The error for one key."""
        return InvalidDocument(self.what, f"its {key!r} {why}")

    def text(self, key: str, otherwise: str | None = None) -> str:
        """A text; ``otherwise`` if it isn't there or null, an error if that is None."""
        value = self.values.get(key)
        if value is None and otherwise is not None:
            return otherwise
        if not isinstance(value, str):
            raise self.wrong(key, "is missing" if value is None else "is no text")
        return value

    def flag(self, key: str) -> bool:
        """A truth value; False if it isn't there."""
        value = self.values.get(key, False)
        if not isinstance(value, bool | None):
            raise self.wrong(key, "is neither true nor false")
        return bool(value)

    def path(self, key: str, otherwise: str | None = None) -> str:
        """A path, or several, of the host: as :meth:`text`, without NUL bytes."""
        text = self.text(key, otherwise)
        if "\0" in text:
            raise self.wrong(key, "is no path")
        return text

    def size(self, key: str) -> int:
        """A number of bytes."""
        value = self.values.get(key)
        if not _is_size(value):
            raise self.wrong(key, "is no size in bytes")
        return value

    def size_or(self, key: str, otherwise: int) -> int:
        """A number of bytes, where what is no such number is ``otherwise``."""
        value = self.values.get(key)
        return value if _is_size(value) else otherwise

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if it isn't there."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "is no list of texts")
        return tuple(value)

    def mapping(self, key: str) -> dict[str, str]:
        """Texts by text; empty if it isn't there."""
        value = self.values.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self.wrong(key, "is no map of texts")
        return dict(value)

    def names(self, key: str) -> tuple[str, ...]:
        """The keys of a map, sorted (the specs' form of a set); empty if it isn't there."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, dict):
            raise self.wrong(key, "is no map")
        return tuple(sorted(value))

    def child(self, key: str) -> Document | None:
        """An object within; None if it isn't there."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(key, "is no object")
        return Document(value, self.what)

    def children(self, key: str) -> list[Document]:
        """A list of objects; empty if it isn't there."""
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "is no list of objects")
        if len(value) > MAX_ITEMS:
            raise self.wrong(key, f"lists more than {MAX_ITEMS} objects")
        return [Document(item, self.what) for item in value]


def _is_size(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _load(data: bytes, what: str) -> Any:
    import json

    if len(data) > MAX_BYTES:
        raise InvalidDocument(what, f"it is larger than {MAX_BYTES} bytes")
    if not data.strip():
        raise InvalidDocument(what, "it is empty")
    try:
        values = json.loads(data.decode(), parse_constant=_refuse)
        return _encodable(values) if b"\\ud" in data.lower() else values
    except RecursionError:
        raise InvalidDocument(what, "it is no JSON (nested too deeply)") from None
    except ValueError as error:
        raise InvalidDocument(what, f"it is no JSON ({error})"[:200]) from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _encodable(value: Any) -> Any:
    """The value with lone surrogates, which nothing can be told in UTF-8, as question marks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value


def canonical(values: dict[str, Any] | list[dict[str, Any]]) -> bytes:
    """One way to write a document: no spaces, keys as given; bytes that were no UTF-8 (surrogates
    of Python's surrogateescape) become U+FFFD, as Go writes them."""
    import json

    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode()
