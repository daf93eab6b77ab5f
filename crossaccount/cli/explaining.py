"""``explain``: a finding's page in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill, indent
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.completion import complete_code
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import JsonOption
from crossaccount.cli.printing import print_json, say_lines

if TYPE_CHECKING:
    from crossaccount.access.findings.finding import Kind

WIDTH = 80


def explain(
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE",
            autocompletion=complete_code,
            help="Codes of findings, such as XA205. Default: a list of all.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a finding of check: what it means, why it matters, what to do, and an example."""
    with failures_in_words(as_json):
        from crossaccount.access.findings.catalogue import CATALOGUE

        found = _found(codes) if codes else list(CATALOGUE)
        if as_json:
            print_json({"findings": [_as_json(each) for each in found]})
        elif codes:
            say_lines("\n\n".join("\n".join(_page(each)) for each in found))
        else:
            say_lines("\n".join(f"{each.code}  {each.severity:7}  {each.title}" for each in found))


def _found(codes: Sequence[str]) -> list[Kind]:
    """The kinds of those codes, in any case.

    Raises:
        BadInput: there is no such code; it proposes the nearest.
    """
    from crossaccount.access.findings.catalogue import BY_CODE
    from crossaccount.iam.nearest import did_you_mean
    from crossaccount.iam.problem import BadInput, Problem

    problems = [
        Problem(
            "CODE", "there is no such finding", code, did_you_mean(code, BY_CODE, "list them: crossaccount explain")
        )
        for code in codes
        if code.upper() not in BY_CODE
    ]
    if problems:
        raise BadInput(problems)
    return [BY_CODE[code] for code in dict.fromkeys(each.upper() for each in codes)]


def _page(kind: Kind) -> Iterator[str]:
    from crossaccount.access.findings.examples import EXAMPLES

    example = EXAMPLES[kind.code]
    yield f"{kind.code} {kind.severity}"
    yield fill(kind.title, WIDTH)
    for heading, text in (("Why", kind.why), ("Fix", kind.fix)):
        yield f"\n{heading}"
        yield fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    for heading, text in (("Example", example.wrong), ("Instead", example.right)):
        yield f"\n{heading}"
        yield indent(text.rstrip("\n"), "  ")
    yield f"\nSource\n  {kind.source}"


def _as_json(kind: Kind) -> dict[str, Any]:
    from crossaccount.access.findings.examples import EXAMPLES

    example = EXAMPLES[kind.code]
    texts = ("code", "severity", "title", "why", "fix", "source")
    shown = {"wrong": example.wrong, "right": example.right}
    return {**{name: getattr(kind, name) for name in texts}, "example": shown}
