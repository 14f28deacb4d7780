"""A step's ``created_by`` taken apart: the instruction that a builder wrote down there, if it did.

Docker's classic builder writes ``/bin/sh -c #(nop)  CMD ["sh"]`` and ``|1 A=b /bin/sh -c make``,
BuildKit ``CMD ["sh"]`` and ``RUN |1 A=b /bin/sh -c make # buildkit``: variables replaced, quotes
gone. Buildah (one blank after ``#(nop)``) and kaniko write the line as it stood in the Dockerfile.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

DEFAULT_SHELL = ("/bin/sh", "-c")
INSTRUCTIONS = frozenset(
    ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL")
) | frozenset(("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"))
"""All but FROM, which makes no step."""
_BUILDKIT = "# buildkit"
_SHELL = r"/\S{0,80}sh(?: -\S+| pipefail)* -\w*c"
_NO_OPERATION = re.compile(rf"{_SHELL} #\(nop\) ?")
_IN_SHELL = re.compile(rf"({_SHELL}) (?=\S)")
_AFTER_ARGUMENTS = re.compile(rf" ({_SHELL}) (?=\S)")
_COUNT = re.compile(r"\|\d{1,6} ")
_ARGUMENT = re.compile(r"\w+=\S* ")
_FLAGS = re.compile(r"(?:--[a-z]+=\S* )*")


class CreatedBy(NamedTuple):
    """An instruction as the history tells it; ``name`` is empty where it tells of none.

    ``text`` is what follows the name. ``is_written``: it stands as in the Dockerfile, else its
    variables are replaced and its quotes gone. Of a RUN ``shell`` is what ran it (its words with
    blanks between, empty for an exec form), ``flags`` and ``arguments`` (``A=b C=d``) go before.
    """

    name: str
    text: str
    is_written: bool = False
    shell: str = ""
    flags: str = ""
    arguments: str = ""


def parse_created_by(
    created_by: str, comment: str = "", shell: Sequence[str] = DEFAULT_SHELL
) -> CreatedBy:
    """Read one; ``comment`` is the step's, ``shell`` what runs commands as far as is known."""
    text = created_by.strip()
    by_buildkit = text.endswith(_BUILDKIT) or comment.startswith("buildkit.")
    text = text.removesuffix(_BUILDKIT).rstrip(" ")
    told = " ".join(shell)
    plain = _after_no_operation(text, told)
    if plain is not None:
        return _instruction(plain.lstrip(" "), is_written=not plain.startswith(" "))
    if text.startswith("RUN "):
        flags = _FLAGS.match(text, len("RUN "))
        assert flags is not None
        body = text[flags.end() :].lstrip(" ")
        return _run(body, told, is_written=not by_buildkit)._replace(flags=flags[0].strip())
    if (ran := _in_shell(text, told)) is not None:
        return ran
    return _instruction(text, is_written=not by_buildkit)


def _after_no_operation(text: str, shell: str) -> str | None:
    prefix = f"{shell} #(nop) "
    if text.startswith(prefix):
        return text[len(prefix) :]
    found = _NO_OPERATION.match(text)
    return text[found.end() :] if found else None


def _instruction(text: str, *, is_written: bool) -> CreatedBy:
    name, _, rest = text.partition(" ")
    if name not in INSTRUCTIONS:
        return CreatedBy("", text)
    return CreatedBy(name, rest.strip(), is_written)


def _run(body: str, shell: str, *, is_written: bool) -> CreatedBy:
    """What stands behind the word RUN."""
    if (ran := _in_shell(body, shell)) is not None:
        return ran
    counted = _COUNT.match(body)
    if counted is None:
        return CreatedBy("RUN", body, is_written)
    at = counted.end()
    while found := _ARGUMENT.match(body, at):
        at = found.end()
    return CreatedBy("RUN", body[at:], arguments=body[counted.end() : at].strip())


def _in_shell(text: str, shell: str) -> CreatedBy | None:
    """A command that a shell ran, after its arguments."""
    counted = _COUNT.match(text)
    if counted is None:
        if shell and text.startswith(f"{shell} ") and len(text) > len(shell) + 1:
            return CreatedBy("RUN", text[len(shell) + 1 :], shell=shell)
        found = _IN_SHELL.match(text)
        return CreatedBy("RUN", text[found.end() :], shell=found[1]) if found else None
    start = counted.end()
    at = text.find(f" {shell} ", start - 1)
    if at >= 0:
        command = text[at + len(shell) + 2 :]
        return CreatedBy("RUN", command, shell=shell, arguments=text[start:at])
    found = _AFTER_ARGUMENTS.search(text, start - 1)
    if found is None:
        return None
    arguments = text[start : found.start()]
    return CreatedBy("RUN", text[found.end() :], shell=found[1], arguments=arguments)
