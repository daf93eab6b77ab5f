"""``github`` and ``esc``: config with which a pipeline assumes a role by its own token.

``github`` is a step of GitHub Actions for each role that trusts GitHub. ``esc`` is a Pulumi ESC environment for each
role that trusts Pulumi Cloud. Neither holds a credential: the token is made when the job or the environment is opened.

Sources: the README of aws-actions/configure-aws-credentials, and
https://www.pulumi.com/docs/esc/integrations/dynamic-login-credentials/aws-login/
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator

from crossaccount.handoff.entry import Entry, HandedOut, not_handed_out, notes
from crossaccount.iam.durations import duration_text
from crossaccount.iam.providers import SERVICES, service_of

CONFIGURE = ("aws-actions/configure-aws-credentials", "e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3")
"""The action, the commit of the release, and the release. The commit is pinned because a tag can be moved."""
_PERMISSIONS = "The job needs permissions: {id-token: write, contents: read}"


class _OfService(ABC):
    """A kind for users of one service's provider only."""

    providers = True
    service: str

    def able(self, entry: Entry) -> Entry | str:
        """The entry, where its principal is the service."""
        if service_of(entry.provider) == self.service:
            return entry
        return f"its principal is not {SERVICES[self.service].title}"

    def text(self, handed: HandedOut) -> str:
        """Every entry, and in a comment what is left out."""
        blocks = ["\n".join(self.lines(entry)) + "\n" for entry in handed.entries]
        left = "".join(f"# {line}\n" for line in not_handed_out(handed))
        return "\n".join([*blocks, *filter(None, [left])])

    @abstractmethod
    def lines(self, entry: Entry) -> Iterator[str]:
        """One entry."""


class GitHubStep(_OfService):
    """A step for each entry."""

    service = "github"

    def lines(self, entry: Entry) -> Iterator[str]:
        """The step, with the claims that its token must have."""
        action, commit, release = CONFIGURE
        yield from (f"# {note}" for note in notes(entry, _PERMISSIONS))
        yield f"- uses: {action}@{commit} # {release}"
        yield "  with:"
        yield f"    role-to-assume: {entry.role}"
        yield f"    aws-region: {entry.region or 'us-east-1'}"
        yield f'    allowed-account-ids: "{entry.role_arn.account}"'
        if entry.parameters.session_name != entry.default_session:
            yield f"    role-session-name: {json.dumps(entry.parameters.session_name)}"
        if entry.parameters.duration:
            yield f"    role-duration-seconds: {entry.parameters.duration}"


class EscEnvironment(_OfService):
    """An environment for each entry."""

    service = "pulumi-cloud"

    def lines(self, entry: Entry) -> Iterator[str]:
        """The environment, with the claims that its token must have."""
        yield from (f"# {note}" for note in notes(entry))
        yield "values:"
        yield "  aws:"
        yield "    login:"
        yield "      fn::open::aws-login:"
        yield "        oidc:"
        yield f"          roleArn: {entry.role}"
        yield f"          sessionName: {json.dumps(entry.parameters.session_name)}"
        if entry.parameters.duration:
            yield f"          duration: {duration_text(entry.parameters.duration)}"
        yield "  environmentVariables:"
        for name, key in (
            ("AWS_ACCESS_KEY_ID", "accessKeyId"),
            ("AWS_SECRET_ACCESS_KEY", "secretAccessKey"),
            ("AWS_SESSION_TOKEN", "sessionToken"),
        ):
            yield f"    {name}: ${{aws.login.{key}}}"
        if entry.region:
            yield f"    AWS_REGION: {entry.region}"


GITHUB, ESC = GitHubStep(), EscEnvironment()
