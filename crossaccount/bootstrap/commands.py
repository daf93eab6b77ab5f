"""``aws`` commands that make what a pipeline needs, as a script for ``sh``.

The script may run again: what exists gets the documents that are written here. It stops at the first error, and before
the first change in an account if the credentials belong to another one. It deletes nothing but old versions of its own
policies, of which IAM keeps five.

Sources: https://docs.aws.amazon.com/cli/latest/reference/iam/ (``add-client-id-to-open-id-connect-provider``,
``create-policy-version``, ``put-role-permissions-boundary``)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from crossaccount.bootstrap.permissions import Policy
from crossaccount.bootstrap.resources import Bootstrap, OidcProvider, PipelineRole
from crossaccount.iam.documents import to_json
from crossaccount.iam.problem import BadInput, Problem

Quoted = Callable[[str], str]
"""Writes a text as one word of the shell."""
_FILES = ("file://", "fileb://")
"""What begins the name of a local file, whose content the AWS CLI passes in its place.

Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
"""
_VALUE = '"$document"'
"""A value that is in a variable of the script."""


def script(bootstraps: Iterable[Bootstrap], quoted: Quoted) -> str:
    """The script for these accounts, one after the other.

    Raises:
        BadInput: the AWS CLI would read a value as an option, or as the name of a local file whose content it sends.
    """
    lines = ["#!/bin/sh", "# The pipeline's identity provider, roles and policies. It may run again.", "set -eu"]
    for each in bootstraps:
        lines += ["", *_Account(each, quoted).lines()]
    return "\n".join(lines) + "\n"


class _Account:
    def __init__(self, bootstrap: Bootstrap, quoted: Quoted) -> None:
        self._bootstrap = bootstrap
        self._quoted = quoted

    def lines(self) -> Iterator[str]:
        own = self._bootstrap
        profile = f" --profile {self._quoted(own.profile)}" if own.profile else ""
        yield f"# {own.account} ({own.account_id})"
        yield f'in_account() {{ aws{profile} "$@"; }}'
        yield "found=$(in_account sts get-caller-identity --query Account --output text)"
        whose = f"the profile {own.profile} is" if own.profile else "the credentials are"
        yield f'[ "$found" = {own.account_id} ] || {{'
        yield f'  echo {self._quoted(f"{whose} not of the account {own.account_id}")}, but of "$found" >&2'
        yield "  exit 1"
        yield "}"
        for provider in own.providers:
            yield from self._provider(provider)
        for policy in own.policies:
            yield from self._policy(policy)
        for role in own.roles:
            yield from self._role(role)

    def _call(self, action: str, options: Iterable[tuple[str, str]], indent: str = "") -> str:
        """A command over several lines, one option on each."""
        options = list(options)
        for option, value in options:
            self._refuse(value, option)
        words = [
            f"{option} {value if value == _VALUE else self._quoted(value)}" if value else option
            for option, value in options
        ]
        return f" \\\n{indent}  ".join([f"{indent}in_account iam {action}", *words])

    def _refuse(self, value: str, option: str) -> None:
        """Refuse a value that the AWS CLI does not take as it is, however the shell quotes it."""
        if value.startswith(_FILES):
            what = f"the AWS CLI would send the content of that file as {option}"
        elif value.startswith("-"):
            what = f"the AWS CLI would read the value of {option} as an option"
        else:
            return
        where, fix = f"{self._bootstrap.stack}: bootstrap", "change the text, or use --format cloudformation"
        raise BadInput([Problem(where, what, value, fix)])

    def _provider(self, provider: OidcProvider) -> Iterator[str]:
        for each in provider.audiences:
            self._refuse(each, "--client-id-list")
        arn = ("--open-id-connect-provider-arn", provider.arn)
        audiences = [("--client-id-list", ""), *((self._quoted(each), "") for each in provider.audiences)]
        thumbprints = [("--thumbprint-list", ""), *((self._quoted(each), "") for each in provider.thumbprints)]
        options = [("--url", provider.url), *audiences, *(thumbprints if provider.thumbprints else ())]
        yield f"if in_account iam get-open-id-connect-provider {arn[0]} {self._quoted(arn[1])} >/dev/null 2>&1; then"
        for audience in provider.audiences:
            yield self._call("add-client-id-to-open-id-connect-provider", [arn, ("--client-id", audience)], "  ")
        yield "else"
        yield self._call("create-open-id-connect-provider", [*options, *self._tags(provider.tags)], "  ")
        yield "fi"

    def _policy(self, policy: Policy) -> Iterator[str]:
        arn = self._bootstrap.policy_arn(policy)
        document = ("--policy-document", _VALUE)
        yield f"document={self._quoted(to_json(policy.document))}"
        named = f"--policy-arn {self._quoted(arn)}"
        yield f"if in_account iam get-policy {named} >/dev/null 2>&1; then"
        old = f"--query {self._quoted('Versions[?!IsDefaultVersion].VersionId')} --output text"
        yield f"  for old in $(in_account iam list-policy-versions {named} {old}); do"
        yield f'    in_account iam delete-policy-version {named} --version-id "$old"'
        yield "  done"
        yield self._call("create-policy-version", [("--policy-arn", arn), document, ("--set-as-default", "")], "  ")
        yield "else"
        made = [
            ("--policy-name", policy.name),
            ("--path", policy.path),
            ("--description", policy.description),
            document,
        ]
        yield self._call("create-policy", made, "  ")
        yield "fi"

    def _role(self, role: PipelineRole) -> Iterator[str]:
        name = ("--role-name", role.name)
        described = [("--description", role.description), ("--max-session-duration", str(role.session_seconds))]
        boundary = [("--permissions-boundary", role.boundary)] if role.boundary else []
        trust = ("--assume-role-policy-document", _VALUE)
        yield f"document={self._quoted(to_json(role.trust))}"
        yield f"if in_account iam get-role --role-name {self._quoted(role.name)} >/dev/null 2>&1; then"
        yield self._call("update-assume-role-policy", [name, ("--policy-document", _VALUE)], "  ")
        yield self._call("update-role", [name, *described], "  ")
        if boundary:
            yield self._call("put-role-permissions-boundary", [name, *boundary], "  ")
        if role.tags:
            yield self._call("tag-role", [name, *self._tags(role.tags)], "  ")
        yield "else"
        made = [name, ("--path", role.path), *described, trust, *boundary]
        yield self._call("create-role", [*made, *self._tags(role.tags)], "  ")
        yield "fi"
        for policy, document in role.inline.items():
            yield f"document={self._quoted(to_json(document))}"
            yield self._call("put-role-policy", [name, ("--policy-name", policy), ("--policy-document", _VALUE)])
        for arn in role.attached:
            yield self._call("attach-role-policy", [name, ("--policy-arn", arn)])

    def _tags(self, tags: Mapping[str, str]) -> list[tuple[str, str]]:
        """In JSON: the shorthand has no way to write some characters of tags."""
        listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        return [("--tags", json.dumps(listed))] if listed else []
