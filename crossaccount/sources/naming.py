"""Names of principals and roles on the command line, and of ARNs for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crossaccount.access.estate import Estate
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.names import UnknownAccount, principal_arn, resolve
from crossaccount.iam.nearest import did_you_mean, nearest
from crossaccount.sources.errors import refusal


class Names:
    """The names of one set of sources: ``accounts`` maps account names to IDs."""

    def __init__(self, accounts: Mapping[str, str], estate: Estate) -> None:
        self._accounts = accounts
        self._by_id = {account_id: name for name, account_id in reversed(list(accounts.items()))}
        self._estate = estate

    def shown(self, arn: str) -> str:
        """A principal or role as a person writes it: ``auth/user/Bo``; what has no such name stays as it is."""
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam":
            return arn
        account = self._by_id.get(parts[4], parts[4])
        return account if parts[5] == "root" else f"{account}/{parts[5]}"

    def role(self, text: str, where: str = "ROLE") -> str:
        """The ARN of a role of the sources.

        Raises:
            SourceError: there is none of that name; it names the nearest.
        """
        arn = self._resolved(text, where)
        if arn not in self._estate.roles:
            raise refusal(where, "no such role in the sources", text, self._nearest(text, self._estate.roles))
        return arn

    def principal(self, text: str, where: str = "PRINCIPAL") -> str:
        """The ARN of a user or role of the sources, or of an account, organisation or provider outside of them.

        Raises:
            SourceError: it would be in the sources, and is not.
        """
        if text == "*" or text.startswith("o-") or ("." in text and "/" not in text and ":" not in text):
            return text
        arn = parse_arn(self._resolved(text, where))
        known = self._estate.principal(str(arn)) is not None
        if not known and principal_arn(arn) and arn.account in self._estate.accounts:
            candidates = (*self._estate.users, *self._estate.roles)
            raise refusal(where, "no such user or role in the sources", text, self._nearest(text, candidates))
        return str(arn)

    def _resolved(self, text: str, where: str) -> str:
        try:
            return resolve(text, self._accounts)
        except UnknownAccount:
            account = text.partition("/")[0]
            fix = did_you_mean(account, self._accounts, "give its 12-digit ID, or a name by --accounts FILE")
            raise refusal(where, "unknown account", text, fix) from None
        except ValueError:
            fix = "write <account>/role/<name>, <account>/user/<name>, or a full ARN"
            raise refusal(where, "neither a name nor an ARN", text, fix) from None

    def _nearest(self, text: str, arns: Iterable[str]) -> str:
        """The nearest name; of the same entity name in another account or path first."""
        shown = [self.shown(arn) for arn in arns]
        name = text.rsplit("/", 1)[-1]
        same = [each for each in shown if each.rsplit("/", 1)[-1] == name]
        found = same[0] if same else nearest(text, shown)
        return f"did you mean `{found}`?" if found else "list them with: crossaccount paths SOURCE…"
