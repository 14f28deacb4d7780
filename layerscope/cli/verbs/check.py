"""``layerscope check``."""

from __future__ import annotations

from pathlib import Path

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_target
from layerscope.errors import LayerscopeError, UsageError
from layerscope.usecases.analyze import analyze
from layerscope.usecases.check import DEFAULTS, Checked, Rule, check

_FILE = Path(".dive-ci")


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    parser.add_argument(
        "--config", "--ci-config", metavar="FILE", help="a .dive-ci file (default: .dive-ci here)"
    )
    for name, default in DEFAULTS.items():
        parser.add_argument(f"--{name}", metavar="VALUE", help=f"instead of {default}")
    parser.epilog = "Exit code 1 if a rule fails. A rule with the value 'disabled' always passes."


def run(context: Context) -> int:
    """Hold an image against the rules."""
    args = context.args
    rules = _from_file(Path(args.config) if args.config else None)
    rules |= {name: getattr(args, name) for name in DEFAULTS if getattr(args, name) is not None}
    found = check(analyze(context.open_image(args.target)), rules)
    if args.json:
        context.print_json(_document(found))
    else:
        context.print(_line(rule) for rule in found.rules)
    return 0 if found.passed else 1


def _from_file(named: Path | None) -> dict[str, str]:
    path = named or _FILE
    if named is None and not path.exists():
        return {}
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(str(path), f"it is no YAML ({str(error).splitlines()[0]})") from None
    except OSError as error:
        raise LayerscopeError(str(path), error.strerror or str(error)) from error
    rules = values.get("rules", {}) if isinstance(values, dict) else values
    if not isinstance(rules, dict):
        raise UsageError(str(path), "it has no map of 'rules'")
    return {str(name): "" if value is None else str(value) for name, value in rules.items()}


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


def _line(rule: Rule) -> str:
    word = "SKIP" if rule.limit is None else "PASS" if rule.passed else "FAIL"
    limit = "disabled" if rule.limit is None else f"{rule.limit:.10g}"
    return f"{word}  {rule.name}: {rule.value:.10g} (limit {limit})"
