"""The words that name a source, taken apart."""

from __future__ import annotations

import pytest

from crossaccount.sources import SourceError
from crossaccount.sources.words import Word, parse


def parts(word: Word | None) -> tuple[object, ...] | None:
    """A word as a tuple: kind, rest, account, moment, and what it is laid over."""
    if word is None:
        return None
    below = parts(word.over)
    return (word.kind, word.rest, word.account, word.moment, *([below] if below else []))


@pytest.mark.parametrize(
    ("text", "there", "expected"),
    [
        ("account.json", [], ("", "account.json", "", "")),
        ("stack:dir/prod", [], ("stack", "dir/prod", "", "")),
        ("terraform:plan.json", [], ("terraform", "plan.json", "", "")),
        ("terraform:plan.json@prod", ["plan.json"], ("terraform", "plan.json", "prod", "")),
        ("terraform:plan.json@prod#before", ["plan.json"], ("terraform", "plan.json", "prod", "before")),
        ("terraform:plan.json#after", ["plan.json"], ("terraform", "plan.json", "", "after")),
        ("terraform:p.json@aws=1,aws.b=2", ["p.json"], ("terraform", "p.json", "aws=1,aws.b=2", "")),
        # A path that exists wins, as a whole and after its kind.
        ("a+b@c.json", ["a+b@c.json"], ("", "a+b@c.json", "", "")),
        ("terraform:x", ["terraform:x"], ("", "terraform:x", "", "")),
        ("terraform:p@q.json", ["p@q.json"], ("terraform", "p@q.json", "", "")),
        ("terraform:p#before", ["p#before"], ("terraform", "p#before", "", "")),
        ("terraform:p@q.json@prod", ["p@q.json"], ("terraform", "p@q.json", "prod", "")),
        ("terraform:a+terraform:b.json", ["a+terraform:b.json"], ("terraform", "a+terraform:b.json", "", "")),
        ("terraform:a+terraform:b.json@x", ["a+terraform:b.json"], ("terraform", "a+terraform:b.json", "x", "")),
        # What looks like an account and is none: a folder, a mark that ends nothing.
        ("terraform:me@home/plan.json", [], ("terraform", "me@home/plan.json", "", "")),
        ("terraform:plan.json#later", [], ("terraform", "plan.json#later", "", "")),
        # A profile may have any name.
        ("live:me@prod", [], ("live", "me@prod", "", "")),
        ("live:a+b", [], ("live", "a+b", "", "")),
        # What is laid over what.
        (
            "live:prod+terraform:plan.json",
            [],
            ("terraform", "plan.json", "", "", ("live", "prod", "", "")),
        ),
        (
            "a.json+state:s.json+terraform:p.json@x#after",
            ["a.json", "s.json", "p.json"],
            ("terraform", "p.json", "x", "after", ("state", "s.json", "", "", ("", "a.json", "", ""))),
        ),
        ("a+b.json+preview:p.json", ["a+b.json"], ("preview", "p.json", "", "", ("", "a+b.json", "", ""))),
    ],
)
def test_a_word_is_taken_apart(text: str, there: list[str], expected: tuple[object, ...]) -> None:
    assert parts(parse(text, there.__contains__)) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "SOURCE: is empty; name a file, or stack:NAME, state:NAME or live:PROFILE"),
        (
            "terrafrom:p.json",
            'terrafrom:p.json: no such kind of source and no such file, got "terrafrom"; did you mean `terraform`?',
        ),
        (
            "a.json+terrafrom:p.json",
            'a.json+terrafrom:p.json: no such kind of source and no such file, got "a.json+terrafrom"; '
            "did you mean `terraform`?",
        ),
        (
            "x:p.json",
            'x:p.json: no such kind of source and no such file, got "x"; write a file\'s name, '
            "or one of stack:, live:, terraform:, preview:, state:, cloudformation:",
        ),
    ],
)
def test_what_is_no_source_is_refused_with_the_kinds(text: str, error: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(text, lambda _: False)
    assert str(caught.value) == error
