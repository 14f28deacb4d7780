"""Docker's small shell lexer: quotes, escapes, variables."""

from __future__ import annotations

import pytest

from layerscope.build.words import BadWord, Lexer, bare_words

ENV = {"x": "1", "empty": "", "two": "a b", "_n": "u"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", "plain"),
        ("$x", "1"),
        ("${x}y", "1y"),
        ("$xy", ""),
        ("$x-$x", "1-1"),
        (r"\$x", "$x"),
        ("'$x'", "$x"),
        ('"$x"', "1"),
        (r'"\$x"', "$x"),
        (r'"a\"b"', 'a"b'),
        (r'"a\nb"', r"a\nb"),
        (r"a\ b", "a b"),
        ("${none:-d}", "d"),
        ("${empty:-d}", "d"),
        ("${empty-d}", ""),
        ("${none-d}", "d"),
        ("${x:-d}", "1"),
        ("${x:+y}", "y"),
        ("${empty:+y}", ""),
        ("${empty+y}", "y"),
        ("${none+y}", ""),
        ("${none:-$x}", "1"),
        ("${none:-${x:+z}}", "z"),
        ("${none:-'a}b'}", "a}b"),
        ("${x:?no}", "1"),
        ("$", "$"),
        ("a$", "a$"),
        ("a$$x-$?$!$-", "ax-"),
        ("$_n", "u"),
        ("a'b'\"c\"", "abc"),
        ("é$x", "é1"),
    ],
)
def test_a_word_is_expanded(word: str, expected: str) -> None:
    assert Lexer().process(word, ENV) == expected


@pytest.mark.parametrize("word", ["'a", '"a', '"a\\', "${x", "${}", "${x!y}", "${none:?gone}"])
def test_a_word_that_makes_no_sense_is_an_error(word: str) -> None:
    with pytest.raises(BadWord):
        Lexer().process(word, ENV)


def test_in_a_text_quotes_are_characters_like_others() -> None:
    text = 'say \\"hi\\" there $x\nit\'s \'$x\' "${none:-"d"}" \\$x \\\\ \\\n'
    assert Lexer().text(text, ENV) == 'say "hi" there 1\nit\'s \'1\' ""d"" $x \\ \n'


def test_another_escape_character() -> None:
    assert Lexer("`").process(r"C:\x`$x", ENV) == r"C:\x$x"


def test_words_are_split_at_spaces_of_variables_too() -> None:
    assert Lexer().words("$two 'c d' $x ${none:-e f}", ENV) == ["a", "b", "c d", "1", "e", "f"]


def test_bare_words_keep_their_quotes() -> None:
    assert bare_words(r"""a="b c" d='e f' g\ h""", "\\") == ['a="b c"', "d='e f'", r"g\ h"]
