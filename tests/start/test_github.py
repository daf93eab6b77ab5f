"""IDs of GitHub repositories: looked up at an API on this machine, and what to do when it does not tell them."""

from __future__ import annotations

import socket

import pytest

from crossaccount.settings import SettingsError
from crossaccount.start.github import GitHubIds, look_up
from tests.github_api import APP, Api

BY_HAND = ", or pass --owner-id and --repository-id (`gh api repos/acme/app --jq '.owner.id, .id'`)"


def _refused(api_url: str, token: str = "", seconds: float = 5) -> str:
    with pytest.raises(SettingsError) as refused:
        look_up("acme/app", {"GITHUB_API_URL": api_url, "GITHUB_TOKEN": token}, seconds)
    return str(refused.value)


def test_the_ids_are_those_that_github_answers(api: Api) -> None:
    assert look_up("acme/app", {"GITHUB_API_URL": f"{api.url}/"}) == GitHubIds(owner_id=123456, repository_id=456789)
    assert api.asked == [("/repos/acme/app", None)]


def test_the_token_is_sent_if_it_is_set(api: Api) -> None:
    look_up("Acme/App", {"GITHUB_API_URL": api.url, "GITHUB_TOKEN": "secret"})
    assert api.asked == [("/repos/Acme/App", "Bearer secret")]


@pytest.mark.parametrize(
    ("status", "headers", "token", "said"),
    [
        (404, {}, "", "GitHub shows no such repository; correct the name; set GITHUB_TOKEN if it is private"),
        (404, {}, "t", "no such repository with this token; correct the name; give GITHUB_TOKEN access to it"),
        (
            401,
            {},
            "t",
            "does not accept the token in GITHUB_TOKEN; set a valid one, or unset it for a public repository",
        ),
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1796124600"},
            "",
            "rate limit is used up until 11:30 UTC; set GITHUB_TOKEN, which has a limit of its own",
        ),
        (429, {"Retry-After": "60"}, "t", "rate limit is used up; wait"),
        (403, {"X-GitHub-SSO": "required; url=https://x"}, "t", "authorised for its single sign-on; authorise it"),
        (403, {}, "t", "GitHub refuses to show the repository; give GITHUB_TOKEN read access to it"),
        (500, {}, "", "GitHub answers with an error (500); try again"),
    ],
)
def test_a_refusal_says_what_to_do(api: Api, status: int, headers: dict[str, str], token: str, said: str) -> None:
    api.status, api.headers, api.body = status, headers, {"message": "no"}
    line = _refused(api.url, token)
    assert line.startswith("--github: the IDs of acme/app are not known: ")
    assert line.replace(f", got {status}", "").endswith(said + BY_HAND)
    assert "Bearer" not in line


def test_a_redirect_is_not_followed_so_the_token_goes_nowhere_else(api: Api) -> None:
    """GitHub redirects the old name of a repository."""
    api.status, api.headers = 301, {"Location": f"{api.url}/repositories/456789"}
    assert "was renamed or transferred, got 301; write its present name" in _refused(api.url, "secret")
    assert len(api.asked) == 1


def test_another_name_in_the_answer_is_the_present_one(api: Api) -> None:
    api.body = {**APP, "full_name": "acme/application"}
    assert "GitHub calls this repository acme/application now; write acme/application" in _refused(api.url)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b"[" * 200_000,
        *(
            b'{"id": %s, "owner": {"id": 1}, "full_name": "acme/app"}' % each
            for each in (b"null", b"1e999", b"-1", b"0", b"1.5", b"true", b'"1"')
        ),
    ],
)
def test_an_answer_without_ids_is_none(api: Api, body: bytes) -> None:
    api.body = body
    assert "GitHub's answer has no IDs; check GITHUB_API_URL" in _refused(api.url)


def test_a_host_that_does_not_answer_is_waited_for_a_moment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = _refused(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.05)
    assert "127.0.0.1 does not answer: " in line
    assert line.endswith("try again" + BY_HAND)


@pytest.mark.parametrize("url", ["http://api.example.com", "ftp://127.0.0.1", "api.github.com"])
def test_the_token_is_not_sent_in_clear_text(url: str) -> None:
    assert _refused(url, "secret") == (
        f'GITHUB_API_URL: is not the https:// address of an API, got "{url}"; '
        "write https://…, or unset the variable for https://api.github.com"
    )
