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

from crossaccount.iam.names import counted
from crossaccount.iam.problem import Problem
from crossaccount.iam.quotas import NAME_LENGTH

PREVIEW, DRIFT, DEPLOY = "preview", "drift", "deploy"
PURPOSES = (PREVIEW, DRIFT, DEPLOY)
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


def prefix_of(project: str) -> str:
    """The beginning of the names of everything that the pipeline has in an account, which other projects may share."""
    return f"access-{re.sub(r'[^A-Za-z0-9-]', '-', project)}"


def boundary_name(project: str) -> str:
    """The permissions boundary of everything that a deployment makes."""
    return f"{prefix_of(project)}-boundary"


def role_name(purpose: str, project: str) -> str:
    """The role of a purpose, the same in each account."""
    return f"{prefix_of(project)}-{purpose}"


def name_problems(project: str) -> Iterator[Problem]:
    """A problem if the roles' names would be too long for IAM."""
    longest = max((role_name(each, project) for each in PURPOSES), key=len)
    if (more := len(longest) - NAME_LENGTH["role"]) > 0:
        what = f"the pipeline's role {longest} would have a name of more than {NAME_LENGTH['role']} characters"
        yield Problem(
            "--project", what, project, f"give the project a name that is {counted(more, 'character')} shorter"
        )


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
        "crossaccount:bootstrap": {"prefix": prefix_of(project)},
        "crossaccount:existing": {"policies": [boundary_name(project)]},
        "crossaccount:providers": {"github": {"oidc": "github", "bootstrap": True}},
        "crossaccount:trusting": {
            "roles": {role_name(each, project): {"bootstrap": each, "trust": trusts[each]} for each in PURPOSES}
        },
    }
