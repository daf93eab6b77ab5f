"""The page of the permissions that a deployment needs, from the handlers' tables of calls."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from crossaccount.bootstrap.deployer import GUARDED, REVIEWS, WITHHELD
from crossaccount.local.handlers import HANDLERS
from crossaccount.local.handlers.calls import NO_CALLS, OPERATIONS, Actions
from docs.generator.markdown import code, page, table


def permissions_page() -> str:
    """The whole page."""
    return page(
        [
            "# Permissions of a deployment\n",
            *_wrapped(
                "The actions that each resource type needs in AWS, by operation. This page is generated from the table "
                "that the policies of deployers are made of: `make generate`. `read` is a refresh or an import. An "
                "action after *also* is one that only pulumi-aws calls, or that AWS demands for another call. A "
                "rehearsal does not show that such an action is missing."
            ),
            *_wrapped(
                f"No deployer gets {_codes(WITHHELD)}: it cannot lift a boundary. It may call {_codes(GUARDED)} only "
                "for users and roles with an accepted permissions boundary. [Decision "
                "0044](../adr/0044-a-deployer-cannot-raise-itself.md) has the reasons."
            ),
            *_wrapped(f"The commands themselves call {_codes(frozenset().union(*REVIEWS.values()))}."),
            *_types(),
        ]
    )


def _wrapped(text: str) -> Iterator[str]:
    yield from wrap(text, 120, break_long_words=False, break_on_hyphens=False)
    yield ""


def _types() -> Iterator[str]:
    for type_ in sorted(HANDLERS):
        calls = HANDLERS[type_].calls
        yield f"## {type_}\n"
        rows = ((each, _codes(calls.of(each)), _codes(calls.aws.get(each, NO_CALLS))) for each in OPERATIONS)
        yield from table(
            ("operation", "actions"), ((operation, _joined(own, more)) for operation, own, more in rows if own or more)
        )


def _joined(own: str, more: str) -> str:
    return f"{own}{'; ' if own else ''}*also* {more}" if more else own


def _codes(actions: Actions | tuple[str, ...]) -> str:
    return ", ".join(code(each) for each in sorted(actions))
