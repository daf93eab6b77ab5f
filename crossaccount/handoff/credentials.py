"""The credentials that people and machines start with where AWS gives no keys: Identity Center and Roles Anywhere.

A role ``AWSReservedSSO_<permission set>_<id>`` belongs to IAM Identity Center: its people sign in with an sso-session.
A role that trusts ``rolesanywhere.amazonaws.com`` is assumed with a certificate, by AWS's signing helper as credential
process. What no source knows (the portal's URL, the profile of Roles Anywhere, files) comes from :class:`Given`;
without it a placeholder says what to fill in.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html,
https://docs.aws.amazon.com/singlesignon/latest/userguide/howtocreatepermissionset.html (names of roles and their paths)
and https://docs.aws.amazon.com/rolesanywhere/latest/userguide/credential-helper.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from crossaccount.access.estate.entities import Role
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.entity_names import check_region
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.problem import NOT_GIVEN, Problem

ROLES_ANYWHERE = "rolesanywhere.amazonaws.com"
IDENTITY_CENTER_PROVIDER = re.compile(r":saml-provider/AWSSSO_\w+\Z")
_ROLE = re.compile(
    r"arn:[a-z-]+:iam::\d{12}:role/aws-reserved/sso\.amazonaws\.com/(?:(?P<region>[a-z0-9-]+)/)?"
    r"AWSReservedSSO_(?P<name>[\w+=,.@-]+)_[0-9a-f]{16}",
    re.ASCII,
)
_FIRST_REGION = "us-east-1"
"""The region whose Identity Center puts no region into its roles' paths."""
_URL = re.compile(r"https://[A-Za-z0-9.-]+(/[\w./#-]*)?", re.ASCII)
_NAME = re.compile(r"[\w.@+-]+", re.ASCII)
_ANCHOR = re.compile(r"arn:[a-z-]+:rolesanywhere:[a-z0-9-]+:\d{12}:trust-anchor/[0-9a-f-]+", re.ASCII)
_PROFILE = re.compile(r"arn:[a-z-]+:rolesanywhere:[a-z0-9-]+:\d{12}:profile/[0-9a-f-]+", re.ASCII)
_FILE = re.compile(r"[^\"'`$%\\\x00-\x1f\x7f]+|[A-Za-z]:\\[\w .\\-]+")


class PermissionSet(NamedTuple):
    """A permission set in an account, and the region of its Identity Center."""

    name: str
    account: str
    region: str


def permission_set(arn: str) -> PermissionSet | None:
    """The permission set that a role belongs to; None for any other role."""
    found = _ROLE.fullmatch(arn)
    return found and PermissionSet(found["name"], parse_arn(arn).account, found["region"] or _FIRST_REGION)


def trust_anchor(role: Role) -> str:
    """The trust anchor that a role's trust names in aws:SourceArn; empty if it names none."""
    for statement in role.trust.statements:
        for condition in statement.conditions if statement.allows else ():
            if condition.key.lower() == "aws:sourcearn" and not condition.negated:
                named = (value.text for value in condition.values)
                if found := next((each for each in named if ":trust-anchor/" in each and not has_wildcard(each)), ""):
                    return found
    return ""


@dataclass(frozen=True)
class Given:
    """The options of the command line about credentials; empty if an option is not given."""

    sso_start_url: str = ""
    sso_session: str = ""
    sso_region: str = ""
    trust_anchor: str = ""
    anywhere_profile: str = ""
    certificate: str = ""
    private_key: str = ""

    def problems(self) -> Iterator[Problem]:
        """Problems for values that are malformed, or that an AWS config cannot have."""
        path = "the path has a quote or another character that credential_process cannot have"
        rules = (
            ("--sso-start-url", self.sso_start_url, _URL, "not the https:// URL of an AWS access portal"),
            ("--sso-session", self.sso_session, _NAME, "the name of a session has only letters, digits and _.@+-"),
            ("--trust-anchor", self.trust_anchor, _ANCHOR, "not the ARN of a trust anchor of Roles Anywhere"),
            ("--anywhere-profile", self.anywhere_profile, _PROFILE, "not the ARN of a profile of Roles Anywhere"),
            ("--certificate", self.certificate, _FILE, path),
            ("--private-key", self.private_key, _FILE, path),
        )
        for option, value, rule, what in rules:
            if value and not rule.fullmatch(value):
                yield Problem(option, what, value, "correct it")
        if self.sso_region and (refusal := check_region(self.sso_region)):
            yield Problem("--sso-region", refusal.what, self.sso_region, refusal.fix)

    def missing(self, *, identity_center: bool, roles_anywhere: bool, anchors: bool) -> Iterator[Problem]:
        """Problems for missing options that a merge requires. ``anchors``: every trust names its trust anchor."""
        if identity_center and not (self.sso_start_url or self.sso_session):
            fix = "pass the URL of your AWS access portal, or --sso-session with the name of a session in your config"
            yield Problem("--sso-start-url", "is required to merge profiles of Identity Center", NOT_GIVEN, fix)
        needed = {
            **({} if anchors else {"--trust-anchor": self.trust_anchor}),
            "--anywhere-profile": self.anywhere_profile,
            "--certificate": self.certificate,
            "--private-key": self.private_key,
        }
        for option, value in needed.items() if roles_anywhere else ():
            if not value:
                what = "is required to merge profiles of Roles Anywhere: a merge would overwrite what you fill in"
                yield Problem(option, what, NOT_GIVEN, "pass it, or print the profiles and fill in the placeholders")
