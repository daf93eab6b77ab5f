"""The page of the commands, made of their ``--help`` texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

import crossaccount.cli
from crossaccount.cli import app
from docs.generator.markdown import code, page, table

HEAD = """# Commands

This page is generated from the commands themselves: `make generate`. `crossaccount COMMAND --help` says the same.

`crossaccount --install-completion` makes your shell complete commands, stacks, sources, and the names of users and
roles that the project's stacks declare.

What a command lists is a table on a terminal, and one record a line in a pipe or a log: `--format` chooses. `--json`
prints a document for programs, [with a schema](schemas/README.md).

A *source* is where an account's IAM is read from:

| source | is |
| --- | --- |
| `FILE.json` | the output of `aws iam get-account-authorization-details`, of one account or of several |
| `FOLDER` | what iam-collect collected: accounts and organisations |
| `stack:[DIR/]NAME` | what a stack declares, recorded without deploying it |
| `state:[DIR/]NAME` | what a stack last deployed |
| `live:PROFILE` | an account as it is now, read with an AWS CLI profile |
| `terraform:FILE` | what `terraform show -json` or `tofu show -json` prints of a plan or a state |
| `preview:FILE` | what `pulumi preview --json --show-sames` prints, of any Pulumi program |
| `state:FILE` | what `pulumi stack export` prints, of any Pulumi program |
| `cloudformation:FILE` | a template, JSON or YAML, or the folder that `cdk synth` writes |
| `SOURCE+KIND:FILE` | a source with a program laid over it |

[Any program](../guide/any-program.md) describes what the file of a program contains, and what it leaves unknown. Two
parts may follow the file: `KIND:FILE[@ACCOUNT][#before|#after]`. `@ACCOUNT` gives the account of the program if the
file does not: a name of `--accounts`, or 12 digits. `@aws=NAME,aws.prod=NAME` gives one for each provider. A plan or a
preview is read as it is after the change; `#before` reads it as it is before. If the whole text is a path
that exists, it is that path.

`NAME` may be a shell pattern: `'stack:*'`, `'stack:teams/prod-*'`. `'state:*'` leaves out stacks that were never
deployed, with a warning. Where no source is named, all stacks of the project in `--dir` are meant; for `diff`, what
they last deployed (`--before`) and what they declare (`--after`).

A `FILE.json` counts as AWS's own answer, like `live:PROFILE`. For a deleted principal AWS shows the unique ID, so an
ARN in a trust means that the principal exists. If the `--after` of `diff` is such a file, `diff` reports replaced
principals (XA501), but not trusts that would lock them out (XA502). To see the effect of a change before it is made,
compare stacks, not a file that was edited by hand.

A file may also list the account's identity providers, as `live:` does: `OpenIDConnectProviderList` is the output of
`aws iam list-open-id-connect-providers`, each item with the `ClientIDList` of `aws iam get-open-id-connect-provider` if
you have it, and `SAMLProviderList` that of `aws iam list-saml-providers`. Only with the list can `check` report a trust
in a provider that the account does not have (XA120, XA121).

Users, roles and accounts have names as [in the config](../guide/config.md#names): `auth/user/richard`, or their ARN.
"""
TYPE = re.compile(r" <(str|path|list\[\w+\])>$")
"""What Typer says of a plain value."""


def commands_page() -> str:
    """The whole page."""
    return page(
        [HEAD, *_exit_codes(), *(line for name, command in every_command() for line in _command(name, command))]
    )


def every_command(group: Any = None, within: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that is shown, by its full name: ``fleet plan``."""
    of: Any = group or typer.main.get_command(app)
    for name, command in of.commands.items():
        if getattr(command, "commands", None):
            yield from every_command(command, f"{within}{name} ")
        elif not command.hidden:
            yield f"{within}{name}", command


def _exit_codes() -> Iterator[str]:
    """As the package of the commands says them: ``Exit codes: 0 this; 1 that.``"""
    description = " ".join((crossaccount.cli.__doc__ or "").split("Exit codes: ")[1].split("\n\n")[0].split())
    yield "## Exit codes\n"
    yield from table(("code", "means"), (_exit_code(each) for each in description.rstrip(".").split("; ")))


def _exit_code(description: str) -> tuple[str, str]:
    number, _, meaning = description.partition(" ")
    return number, meaning.replace("``", "`")


def _command(name: str, command: Any) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    words = []
    for parameter in command.params:
        if record := parameter.get_help_record(context):
            names = TYPE.sub("", record[0])
            rows[parameter.param_type_name].append((code(names), record[1]))
            if parameter.param_type_name == "argument":
                word = names.partition(" <")[0]
                words.append(word if parameter.required or word[0] == "[" else f"[{word}]")
    yield f"## {name}\n"
    yield f"`{' '.join(['crossaccount', name, *words])}`\n"
    yield f"{_paragraphs(command.help)}\n"
    for kind, found in rows.items():
        yield from table((kind, ""), found)
    example = (command.epilog or "").removeprefix("Example: ")
    if example:
        yield f"Example: `{' '.join(example.split())}`\n"


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(each.split()) for each in (text or "").split("\n\n"))
