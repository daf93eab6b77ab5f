"""The roles of a project's own pipeline: for reviews, for drift, and for deployments.

Each role trusts one environment of one GitHub repository. The roles for drift and for deployments also require that
the job comes from the project's workflow on the main branch: an environment without protection rules accepts every
branch. The role for reviews, which only reads, also trusts pull requests and branches without the environment.
``crossaccount bootstrap`` makes the roles in each account.

Source of the claims: https://docs.github.com/actions/reference/security/oidc (``job_workflow_ref``)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.bootstrap.deployer import PREFIX
from crossaccount.iam.problem import Problem

PREVIEW, DRIFT, DEPLOY = "preview", "drift", "deploy"
PURPOSES = (PREVIEW, DRIFT, DEPLOY)
BOUNDARY = f"{PREFIX}-boundary"
"""The permissions boundary of everything that a deployment makes."""
MAIN = "main"
"""The branch that the workflow deploys."""
_REPOSITORY = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+\Z")
_IDS = re.compile(r"\A[1-9][0-9]*/[1-9][0-9]*\Z")


@dataclass(frozen=True)
class Repository:
    """A repository of GitHub: OWNER/NAME, and OWNER_ID/REPOSITORY_ID where they are known."""

    name: str
    ids: str = ""

    def problems(self) -> Iterator[Problem]:
        """Problems of the name and the IDs, by GitHub's rules."""
        if not _REPOSITORY.match(self.name):
            yield Problem("--github", "not a repository", self.name, "write OWNER/NAME")
        if self.ids and not _IDS.match(self.ids):
            fix = f"write what `gh api repos/{self.name} --jq '\"\\(.owner.id)/\\(.id)\"'` shows"
            yield Problem("--github-ids", "not the IDs of an owner and a repository", self.ids, fix)

    def trust(self, **part: object) -> dict[str, Any]:
        """A trust statement for a part of the repository: ``environment="production"``."""
        owner_id, _, repository_id = self.ids.partition("/")
        ids = {"owner_id": owner_id, "repository_id": repository_id} if self.ids else {}
        return {"github": {"repository": self.name, **part, **ids}}

    def subject(self, environment: str) -> str:
        """The subject in the token of a job of the environment."""
        if not self.ids:
            return f"repo:{self.name}:environment:{environment}"
        owner, _, name = self.name.partition("/")
        owner_id, _, repository_id = self.ids.partition("/")
        return f"repo:{owner}@{owner_id}/{name}@{repository_id}:environment:{environment}"


def role_name(purpose: str) -> str:
    """The role of a purpose, the same in each account."""
    return f"access-{purpose}"


def environment_name(purpose: str, project: str) -> str:
    """The environment of the repository whose jobs may assume the role."""
    return f"access-{project}" if purpose == DEPLOY else f"access-{project}-{purpose}"


def workflow_file(project: str) -> str:
    """The file of the workflow, from the top of the repository."""
    return f".github/workflows/access-{project}.yaml"


def workflow_ref(repository: Repository, project: str, branch: str = MAIN) -> str:
    """The workflow on a branch, as tokens name it: the claim ``job_workflow_ref``."""
    return f"{repository.name}/{workflow_file(project)}@refs/heads/{branch}"


def declarations(repository: Repository, project: str) -> Mapping[str, Any]:
    """What the config of every account declares: the provider, and the roles that ``crossaccount bootstrap`` makes."""
    on_main = {"workflow": workflow_ref(repository, project)}
    environments = {each: environment_name(each, project) for each in PURPOSES}
    trusts = {
        PREVIEW: [
            repository.trust(environment=environments[PREVIEW]),
            repository.trust(pull_request=True),
            repository.trust(branch="*"),
        ],
        DRIFT: [repository.trust(environment=environments[DRIFT], **on_main)],
        DEPLOY: [repository.trust(environment=environments[DEPLOY], **on_main)],
    }
    return {
        "crossaccount:existing": {"policies": [BOUNDARY]},
        "crossaccount:providers": {"github": {"oidc": "github", "bootstrap": True}},
        "crossaccount:trusting": {
            "roles": {role_name(each): {"bootstrap": each, "trust": trusts[each]} for each in PURPOSES}
        },
    }
