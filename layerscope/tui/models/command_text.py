"""The command of a history step, as a person would have written it in a Dockerfile."""

from __future__ import annotations

import re

_SHELL = r"/\S{0,80}sh(?: -\S+| pipefail)* -\w*c"
_NO_OPERATION = re.compile(rf"^{_SHELL} #\(nop\)\s*")
_IN_SHELL = re.compile(rf"^(?:RUN )?(?:\|\d+ .*?)?{_SHELL} (?=\S)", re.DOTALL)
_ARGUMENTS = re.compile(r"^(?:RUN )?\|\d+ (?:\w+=\S* )*")
_CONTENT_HASH = re.compile(r"\b((?:file|dir|multi):[0-9a-f]{8})[0-9a-f]+")
_PORTS = re.compile(r"^EXPOSE map\[(.*)\]$")
_BLANKS = re.compile(r"(?:\\\n|\s)+")


def command_text(created_by: str) -> str:
    """``created_by`` without what builders put around it; in one line.

    The classic builder writes ``/bin/sh -c #(nop) CMD …`` and ``|1 A=b /bin/sh -c …``, BuildKit
    ``RUN |1 A=b /bin/sh -c … # buildkit``; both mean a word of the Dockerfile or a RUN.
    """
    text = created_by.strip().removesuffix("# buildkit")
    plain = _NO_OPERATION.sub("", text)
    if plain == text:
        plain = _IN_SHELL.sub("RUN ", text)
    if plain == text:
        plain = _ARGUMENTS.sub("RUN ", text)
    plain = _PORTS.sub(lambda ports: f"EXPOSE {ports[1]}".replace(":{}", ""), plain.strip())
    plain = _CONTENT_HASH.sub(r"\1…", plain)
    return _BLANKS.sub(" ", plain).strip()
