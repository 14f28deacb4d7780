"""``layerscope check``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_target
from layerscope.errors import LayerscopeError, UsageError
from layerscope.usecases.analyze import analyze
from layerscope.usecases.check import DEFAULTS, Checked, Rule, check, limits_of

_FILE = Path(".dive-ci")
_LARGEST = 1 << 20
_SCALARS = (str, int, float, bool, type(None))

EXAMPLES = """\
layerscope check image.tar
layerscope check web:1.2 --highestWastedBytes 20MB --lowestEfficiency disabled
layerscope check web:1.2 --config ci/.dive-ci --json"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    parser.add_argument(
        "--config", "--ci-config", metavar="FILE", help="a .dive-ci file (default: .dive-ci here)"
    )
    for name, default in DEFAULTS.items():
        parser.add_argument(f"--{name}", metavar="VALUE", help=f"instead of {default}")
    parser.epilog = (
        "The rules are dive's; a value given here goes before that of the file. Exit code 1 if a\n"
        "rule fails. Sizes are 20MB or 1.5GiB; 'disabled' lets a rule pass."
    )


def run(context: Context) -> int:
    """Hold an image against the rules."""
    args = context.args
    rules = _from_file(Path(args.config) if args.config else None)
    rules |= {name: getattr(args, name) for name in DEFAULTS if getattr(args, name) is not None}
    limits_of(rules)  # wrong rules are told before the image is read
    found = check(analyze(context.open_image(args.target)), rules)
    if args.json:
        context.print_json(_document(found))
    else:
        context.print(_line(context, rule) for rule in found.rules)
    return 0 if found.passed else 1


def _from_file(named: Path | None) -> dict[str, str]:
    path = named or _FILE
    if named is None and not path.is_file():
        return {}
    values = _read_yaml(path)
    rules = _rules(values) if isinstance(values, dict) else values
    if rules is None:
        return {}
    if not isinstance(rules, dict):
        raise UsageError(str(path), "it has no map of 'rules'")
    for name, value in rules.items():
        if not isinstance(value, _SCALARS):
            raise UsageError(str(path), f"the value of {str(name)[:100]!r} is none")
    return {str(name): "" if value is None else str(value) for name, value in rules.items()}


def _rules(values: dict[Any, Any]) -> Any:
    """What stands under ``rules``, in any case as for dive; the values themselves without it."""
    under = [value for name, value in values.items() if str(name).lower() == "rules"]
    return under[-1] if under else values


def _read_yaml(path: Path) -> Any:
    import yaml

    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise LayerscopeError(str(path), (error.strerror or str(error)).lower()) from error
    if len(text) > _LARGEST:
        raise UsageError(str(path), "it is too large for a file of rules")
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = str(error).splitlines() or [""]
        raise UsageError(str(path), f"it is no YAML ({said[0]})") from None


def _document(found: Checked) -> dict[str, object]:
    rules = [
        {
            "name": rule.name,
            "passed": rule.passed,
            "limit": rule.limit,
            "value": rule.value,
        }
        for rule in found.rules
    ]
    return {"passed": found.passed, "rules": rules}


def _line(context: Context, rule: Rule) -> str:
    word = "SKIP" if rule.limit is None else "PASS" if rule.passed else "FAIL"
    limit = "disabled" if rule.limit is None else _figure(context, rule, rule.limit)
    return f"{word}  {rule.name}: {_figure(context, rule, rule.value)} (limit {limit})"


def _figure(context: Context, rule: Rule, value: float) -> str:
    return context.size(int(value), 4) if rule.name.endswith("Bytes") else f"{value:.6g}"
