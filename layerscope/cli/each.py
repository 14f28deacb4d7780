"""A verb with several names: one that fails doesn't keep the others from being done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from layerscope.cli.failure import tell
from layerscope.errors import Cancelled, LayerscopeError

if TYPE_CHECKING:
    from layerscope.cli.context import Context

T = TypeVar("T")


def each(
    context: Context,
    names: Iterable[str],
    do: Callable[[str], T],
    document: Callable[[list[T]], Any],
    line: Callable[[str, T], str] | None = lambda name, _: name,
) -> int:
    """Do it for every name; the exit code of the first that failed, 0 if none did.

    ``line`` is printed for each that is done; with ``--json``, or where it is None, ``document`` of
    all those at the end. What fails is told at once. Raises Cancelled, which is no matter of one.
    """
    done: list[T] = []
    code = 0
    for name in names:
        try:
            done.append(do(name))
        except Cancelled:
            raise
        except (LayerscopeError, OSError) as error:
            failed = _failed(context, error)
            code = code or failed
            continue
        if line is not None and not context.args.json:
            context.print([line(name, done[-1])])
    if line is None or context.args.json:
        context.print_json(document(done))
    return code


def _failed(context: Context, error: BaseException) -> int:
    if context.args.debug:
        import traceback

        traceback.print_exception(error)
    return tell(error)
