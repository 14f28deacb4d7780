"""Arguments in the form that all verbs share; wrong words are errors like any other."""

from __future__ import annotations

import argparse
import os
from typing import NoReturn

from layerscope.errors import UsageError

# It would look for translations of its few words, in folders where there are none, on every call.
vars(argparse)["_"] = str


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of leaving."""

    takes_command = False

    def _get_formatter(self) -> argparse.HelpFormatter:
        """argparse asks for one with each argument, and would import a lot to know its width."""
        return argparse.RawDescriptionHelpFormatter(self.prog, width=_columns() - 2)

    def add_command(self) -> None:
        """After the first word that is no option comes a command with options of its own.

        The verb's options may stand right behind that word, too: ``create IMAGE --json``.
        """
        self.takes_command = True
        self.add_argument("command", metavar="CMD", nargs="*", help="instead of the image's")

    def parse(self, words: list[str]) -> argparse.Namespace:
        """The arguments; ``command`` has the words of the command. Raises UsageError."""
        if not self.takes_command:
            return self._anywhere(words)
        own = self._own_words(words)
        args = self.parse_args(words[:own])
        rest = words[own:]
        args.command = rest[1:] if rest[:1] == ["--"] else rest
        return args

    def _anywhere(self, words: list[str]) -> argparse.Namespace:
        """Options may stand between the other words; behind ``--`` there are none."""
        args, others = self.parse_known_args(words)
        if others and "--" not in words:  # slower, and seldom needed
            args, others = self.parse_known_intermixed_args(words)
        if others:
            self.error(f"unrecognized arguments: {' '.join(others)}")
        return args

    def _own_words(self, words: list[str]) -> int:
        """How many of the words are the verb's, before those of the command."""
        at = met = 0
        while at < len(words) and words[at] != "--":
            name, given, _ = words[at].partition("=")
            option = self._option_string_actions.get(name)
            if option is None and (met or not name.startswith("-")):
                if met:
                    break
                met += 1
            at += 2 if option is not None and option.nargs is None and not given else 1
        return min(at, len(words))

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with argparse's words."""
        verb = self.prog.partition(" ")[2]
        raise UsageError(verb or "the call", message, f"{self.prog} --help")


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", 0)) or os.get_terminal_size(1).columns or 80
    except (ValueError, OSError):
        return 80


def verb_parser(verb: str, about: str) -> Parser:
    """The parser of a verb, with the options that every verb has."""
    parser = Parser(
        prog=f"layerscope {verb}",
        description=about,
        allow_abbrev=False,
    )
    common = parser.add_argument_group("everywhere")
    common.add_argument("--root", metavar="DIR", help="the store (or LAYERSCOPE_ROOT)")
    common.add_argument("--json", action="store_true", help="one JSON document on stdout")
    common.add_argument("--bytes", action="store_true", help="sizes in whole bytes")
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def add_listing_options(parser: Parser, *, quiet: str = "IDs") -> None:
    """The options of verbs that list: ``--format``, ``-q``, ``--no-trunc``."""
    parser.add_argument(
        "--format", metavar="TEMPLATE", help="Docker's: 'table {{.ID}}\\t{{.Size}}', '{{json .}}'"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help=f"only {quiet}")
    parser.add_argument("--no-trunc", action="store_true", help="don't shorten IDs and commands")


def add_target(parser: Parser, name: str = "target", metavar: str = "TARGET") -> None:
    """A TARGET and the platform to take of it."""
    parser.add_argument(
        name,
        metavar=metavar,
        help="docker-archive:FILE[:REF], oci-archive:FILE[:REF], oci:DIR[:REF], rootfs:DIR|TAR, "
        "docker-daemon:REF, containers-storage:REF, docker://REGISTRY/REPO, a file or folder of "
        "these, or a name or ID of the store",
    )
    add_platform(parser)


def add_platform(parser: Parser) -> None:
    """``--platform``, for images for several; once a parser."""
    if "--platform" not in parser._option_string_actions:
        parser.add_argument("--platform", metavar="OS/ARCH", help="which image of several")


def add_insecure(parser: Parser) -> None:
    """``--insecure``, for registries without TLS or with a certificate that nobody vouches for."""
    parser.add_argument(
        "--insecure", action="store_true", help="take any certificate, or http without TLS"
    )


def whole_number(text: str) -> int:
    """A number of 0 or more, for argparse."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)
