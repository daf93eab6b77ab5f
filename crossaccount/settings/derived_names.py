"""Names turned into ARNs without an engine: derived, and what another stack should declare looked up in its settings.

An ARN of an account under ``reads`` is derived like any other; where that account's settings are known it must declare
what is named, as the program asks of its outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.names import has_wildcard, resolve
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.settings.settings import Settings, Trusted, Trusting


class DerivedNames:
    """The names of one account. What an upstream does not declare is among ``problems``.

    ``upstreams`` are the settings of other accounts that are to be looked at.
    """

    def __init__(self, settings: Settings, upstreams: Iterable[Settings]) -> None:
        self._settings = settings
        self._upstreams: Mapping[str, Settings] = {each.account_id: each for each in upstreams}
        self.problems: list[Problem] = []

    def arn(self, name: str, where: str, *, derived: bool = False) -> str:
        """See :class:`crossaccount.settings.documents.Resolver`."""
        text = "*" if name == "*" else resolve(name, self._settings.account_ids, self._settings.partition)
        if text == "*" or derived or has_wildcard(text):
            return text
        arn = parse_arn(text)
        upstream = self._upstreams.get(arn.account)
        if upstream is not None and arn.kind in ("role", "user") and text not in _arns(upstream, arn.kind):
            self.problems.append(_not_declared(upstream, arn, name, where))
        return text


def _arns(settings: Settings, kind: str) -> list[str]:
    return [settings.arn_of(kind, name) for name in _named(settings, kind)]


def _named(settings: Settings, kind: str) -> list[str]:
    trusted, trusting = settings.trusted or Trusted(), settings.trusting or Trusting()
    return list(trusted.users) if kind == "user" else [*trusted.applications, *trusting.roles]


def _not_declared(upstream: Settings, arn: Arn, name: str, where: str) -> Problem:
    known = [each.replace(f"arn:{arn.partition}:iam::{arn.account}:", "") for each in _arns(upstream, arn.kind)]
    what = f"the stack of account {upstream.account} declares no such {arn.kind}"
    return Problem(where, what, name, did_you_mean(arn.resource, known, "declare it there, or correct the name"))
