"""The IDs of a GitHub repository and its owner, from GitHub's API: looked up once, then kept in the config.

One request, ``GET /repos/OWNER/REPO``. A private repository needs a token: ``GITHUB_TOKEN`` is used if it is set. The
API is that of github.com, or ``GITHUB_API_URL``, which GitHub Actions sets. The token is sent to that host alone: no
redirect is followed. GitHub redirects only the old names of a repository, and the config should have the present name.

Source: https://docs.github.com/en/rest/repos/repos#get-a-repository and
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import SettingsError

API = "https://api.github.com"
SECONDS = 10
"""How long an answer may take."""
_LONGEST = 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_WHERE = "--github"
_RESET = re.compile(r"[0-9]{1,10}")
"""Seconds since 1970."""


@dataclass(frozen=True)
class GitHubIds:
    """The IDs of a repository and its owner. GitHub never gives them to others."""

    owner_id: int
    repository_id: int


class _NoRedirect(HTTPRedirectHandler):
    """Makes a redirect an ``HTTPError``."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def look_up(repository: str, environment: Mapping[str, str], seconds: float = SECONDS) -> GitHubIds:
    """The IDs of ``repository`` (OWNER/NAME). ``environment`` holds the variables ``GITHUB_…``.

    Raises:
        SettingsError: GitHub does not answer, or does not show the repository; the fix says what to do without it.
    """
    api = (environment.get("GITHUB_API_URL") or API).rstrip("/")
    _check(api)
    token = environment.get("GITHUB_TOKEN", "")
    request = Request(f"{api}/repos/{quote(repository, safe='/')}", headers=_headers(token))
    try:
        with build_opener(_NoRedirect).open(request, timeout=seconds) as answer:
            return _ids(repository, answer.read(_LONGEST))
    except HTTPError as error:
        with error:
            raise _problem(repository, *_refusal(error.code, error.headers, bool(token)), error.code) from None
    except (URLError, OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        what = f"{urlsplit(api).hostname} does not answer: {' '.join(str(reason).split()) or type(reason).__name__}"
        raise _problem(repository, what, "try again") from None


def _check(api: str) -> None:
    """Refuse an address to which the token would be sent in clear text."""
    parts = urlsplit(api)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        fix = f"write https://…, or unset the variable for {API}"
        raise SettingsError([Problem("GITHUB_API_URL", "is not the https:// address of an API", api, fix)])


def _headers(token: str) -> dict[str, str]:
    headers = {
        "Accept": "application/vnd.github+json",
        "User-Agent": "crossaccount",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return {**headers, "Authorization": f"Bearer {token}"} if token else headers


def _ids(repository: str, body: bytes) -> GitHubIds:
    try:
        found = json.loads(body)
        ids = GitHubIds(_id(found["owner"]["id"]), _id(found["id"]))
        name = str(found["full_name"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _problem(repository, "GitHub's answer has no IDs", "check GITHUB_API_URL") from None
    if name.lower() != repository.lower():
        raise _problem(repository, f"GitHub calls this repository {name} now", f"write {name}")
    return ids


def _id(value: object) -> int:
    """An ID: a positive whole number, nothing that could be read as one.

    Raises:
        ValueError: it is something else.
    """
    if type(value) is not int or value <= 0:
        raise ValueError(value)
    return value


def _refusal(status: int, headers: Message, has_token: bool) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if status in (301, 302, 307, 308):
        return "the repository was renamed or transferred", "write its present name"
    if status == 404:
        what = "GitHub shows no such repository" + (" with this token" if has_token else "")
        token = "give GITHUB_TOKEN access to it" if has_token else "set GITHUB_TOKEN if it is private"
        return what, f"correct the name; {token}"
    if status == 401:
        return (
            "GitHub does not accept the token in GITHUB_TOKEN",
            "set a valid one, or unset it for a public repository",
        )
    if status in (403, 429) and (headers.get("x-ratelimit-remaining") == "0" or headers.get("retry-after")):
        until = headers.get("x-ratelimit-reset") or ""
        when = f" until {datetime.fromtimestamp(int(until), UTC):%H:%M} UTC" if _RESET.fullmatch(until) else ""
        return (
            f"GitHub's rate limit is used up{when}",
            "wait" if has_token else "set GITHUB_TOKEN, which has a limit of its own",
        )
    if status == 403 and headers.get("x-github-sso"):
        return "the organisation wants GITHUB_TOKEN to be authorised for its single sign-on", "authorise it"
    if status == 403:
        return "GitHub refuses to show the repository", "give GITHUB_TOKEN read access to it"
    return f"GitHub answers with an error ({status})", "try again"


def _problem(repository: str, what: str, fix: str, got: object = NOT_GIVEN) -> SettingsError:
    by_hand = f"or pass --owner-id and --repository-id (`gh api repos/{repository} --jq '.owner.id, .id'`)"
    return SettingsError([Problem(_WHERE, f"the IDs of {repository} are not known: {what}", got, f"{fix}, {by_hand}")])
