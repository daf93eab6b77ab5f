"""The GitHub Actions workflow of a first project: review on a pull request, deployment on merge, drift each night.

It signs in to AWS by OpenID Connect, each account as a profile of the name that the stack's config has. Pull requests
get a role and a token that only read, and no passphrase: their review asks no engine. ``up`` runs in an environment of
its own, which the repository limits to the main branch. More access needs a person's approval of one review, by its
digest; anything that differs from that review is not applied. No text of a pull request gets into a script.

Source: https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/\
configuring-openid-connect-in-amazon-web-services, and the README of aws-actions/configure-aws-credentials
(``aws-profile``, ``allowed-account-ids``)
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from crossaccount.iam.arn import entity_arn
from crossaccount.settings.settings import partition_of
from crossaccount.start.files import Account, Place, Plan
from crossaccount.start.pipeline import DRIFT, role_name, workflow_file

ACTIONS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    "pulumi/actions": ("8e5e406f4007fca908480587cb9893c07090f58d", "v7.0.0"),
}
"""By action: the commit that its release's tag named when it was looked up, and the release. A tag can be moved."""


def workflow_name(plan: Plan) -> str:
    """The file's path, from the top of the repository."""
    return workflow_file(plan.environments)


def role_variable(purpose: str, account: str) -> str:
    """The variable with the role that the workflow assumes in an account, for ``PREVIEW`` or ``DEPLOY``."""
    return f"AWS_{purpose}_ROLE_" + re.sub(r"[^A-Z0-9]", "_", account.upper())


def workflow(plan: Plan, place: Place, folder: PurePosixPath) -> str:
    """The workflow's text. ``folder`` is the way from the top of the repository to the project."""
    accounts = (plan.trusting, plan.trusted)
    looks = "PREVIEW" if plan.github is None else "DRIFT"
    install = f"-e '{place.checkout}'" if place.checkout else "-r requirements.txt"
    text = _WORKFLOW
    for key, value in {
        "@PREVIEW-NEEDS@": _needs(plan, "PREVIEW", "only reads"),
        "@DRIFT-NEEDS@": _drift_needs(plan),
        "@DEPLOY-NEEDS@": _needs(plan, "DEPLOY", "may change IAM and Secrets Manager"),
        "@FOLDER@": str(folder),
        "@REVIEW@": str(folder / "review.md"),
        "@PULUMI@": f"      - uses: {_pinned('pulumi/actions')}\n        with: {{pulumi-version: {PULUMI_VERSION}}}",
        "@SETUP@": _SETUP.format(
            checkout=_pinned("actions/checkout"),
            python=_pinned("actions/setup-python"),
            venv=place.virtualenv,
            locked=place.locked,
            install=install,
        ).rstrip("\n"),
        "@SIGN-IN-TO-READ@": "\n".join(_sign_in("PREVIEW", each, plan) for each in accounts),
        "@SIGN-IN-TO-LOOK@": "\n".join(_sign_in(looks, each, plan) for each in accounts),
        "@SIGN-IN-TO-DEPLOY@": "\n".join(_sign_in("DEPLOY", each, plan) for each in accounts),
        "@PROJECT@": plan.environments,
        "@PROFILE@": plan.trusting.name,
    }.items():
        text = text.replace(key, value)
    return text


def _pinned(action: str) -> str:
    commit, release = ACTIONS[action]
    return f"{action}@{commit} # {release}"


def _drift_needs(plan: Plan) -> str:
    if plan.github is None:
        return "the same roles and token"
    return f"the same variable and token (its role is {role_name(DRIFT, plan.environments)})"


def _needs(plan: Plan, purpose: str, may: str) -> str:
    """What the environment of a purpose needs, as the lines of a comment."""
    if plan.github is not None:
        return f"""#   variable: PULUMI_BACKEND_URL{", see below" if purpose == "PREVIEW" else ""}. The role
#     {role_name(purpose.lower(), plan.environments)} of each stack trusts this environment by OpenID
#     Connect, and {may}"""
    names = " ".join(role_variable(purpose, each.name) for each in (plan.trusting, plan.trusted))
    by, ends = (
        ("by OpenID Connect ", "PULUMI_BACKEND_URL, see below") if purpose == "PREVIEW" else ("", "PULUMI_BACKEND_URL")
    )
    return f"""#   variables: {names}: a role in each account, which
#     trusts this environment {by}and {may}; {ends}"""


def _role(purpose: str, account: Account, plan: Plan) -> str:
    if plan.github is None:
        return f"${{{{ vars.{role_variable(purpose, account.name)} }}}}"
    return entity_arn(account.id, "role", role_name(purpose.lower(), plan.environments), "/", partition_of(plan.region))


def _sign_in(purpose: str, account: Account, plan: Plan) -> str:
    return f"""      - uses: {_pinned("aws-actions/configure-aws-credentials")}
        with:
          role-to-assume: {_role(purpose, account, plan)}
          aws-profile: {account.name}
          aws-region: {plan.region}
          allowed-account-ids: "{account.id}\""""


PULUMI_VERSION = "3.272.0"
"""The CLI of the same release as the SDK in requirements.txt."""

_SETUP = """      - uses: {checkout}
        with: {{persist-credentials: false, fetch-depth: 2}}
      - uses: {python}
        with: {{python-version: "3.11"}}
      - run: |
          python -m venv {venv}
          {venv}/bin/python -m pip install --require-hashes -r {locked}
          {venv}/bin/python -m pip install --no-deps --no-build-isolation {install}
          {venv}/bin/python -m pip check
          echo "$(cd {venv}/bin && pwd)" >> "$GITHUB_PATH"
"""
_WORKFLOW = """# Needs these environments, in the settings of the repository:
#
# access-@PROJECT@-preview, for pull requests: nothing in it can deploy.
@PREVIEW-NEEDS@
#   secret: PULUMI_ACCESS_TOKEN, of a member of Pulumi Cloud who may read stacks; no passphrase
# access-@PROJECT@-drift, for the main branch alone: @DRIFT-NEEDS@,
#   and the secret PULUMI_CONFIG_PASSPHRASE where the backend is not Pulumi Cloud
# access-@PROJECT@, for the main branch alone, with required reviewers where your plan has them:
@DEPLOY-NEEDS@
#   secrets: PULUMI_ACCESS_TOKEN, PULUMI_CONFIG_PASSPHRASE
#
# PULUMI_BACKEND_URL is where Pulumi keeps its state; for a bucket s3://BUCKET?region=REGION&profile=@PROFILE@
#
# An update that gives more access, as the first one does, is refused on a merge. To approve it, read the review in the
# summary of that run, then run this workflow by hand on main with the digest of that review. It covers nothing else.
name: access @PROJECT@
on:
  pull_request: {types: [opened, reopened, synchronize]}
  push: {branches: [main]}
  schedule: [{cron: "17 3 * * *"}]
  workflow_dispatch:
    inputs:
      reviewed: {description: Digest of the review that you approve, required: true, type: string}
permissions: {contents: read}
concurrency:
  group: "access-@PROJECT@-${{ github.ref }}"
  # A cancelled update may leave changes incomplete.
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}
defaults: {run: {working-directory: "@FOLDER@"}}

jobs:
  check:
    name: Check and rehearse
    if: github.event_name != 'schedule'
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
@SETUP@
      - run: crossaccount check --markdown - >> "$GITHUB_STEP_SUMMARY"
      - run: crossaccount rehearse . --engine in-process

  preview:
    name: Review access
    # Pull requests from forks get neither roles nor secrets.
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    needs: check
    runs-on: ubuntu-latest
    timeout-minutes: 60
    environment: access-@PROJECT@-preview
    permissions:
      contents: read
      id-token: write # to sign in to AWS
      pull-requests: write # to comment
    env:
      PULUMI_BACKEND_URL: ${{ vars.PULUMI_BACKEND_URL }}
      PULUMI_ACCESS_TOKEN: ${{ secrets.PULUMI_ACCESS_TOKEN }}
    steps:
@SETUP@
@PULUMI@
@SIGN-IN-TO-READ@
      # GitHub checks out a merge commit. Its first parent, HEAD^1, is the target branch.
      - env: {CROSSACCOUNT_BASE: HEAD^1}
        run: crossaccount preview --no-resources --markdown review.md
      - if: ${{ !cancelled() && hashFiles('@REVIEW@') != '' }}
        env:
          GH_TOKEN: ${{ github.token }}
          NUMBER: ${{ github.event.pull_request.number }}
        run: |
          cat review.md >> "$GITHUB_STEP_SUMMARY"
          gh pr comment "$NUMBER" --edit-last --create-if-none --body-file review.md ||
            echo "::warning::the review is no comment; it is in the summary of this run"

  up:
    name: Deploy
    if: github.ref == 'refs/heads/main' && (github.event_name == 'push' || github.event_name == 'workflow_dispatch')
    needs: check
    runs-on: ubuntu-latest
    timeout-minutes: 120
    environment: access-@PROJECT@
    permissions:
      contents: read
      id-token: write # to sign in to AWS
    env:
      PULUMI_BACKEND_URL: ${{ vars.PULUMI_BACKEND_URL }}
      PULUMI_ACCESS_TOKEN: ${{ secrets.PULUMI_ACCESS_TOKEN }}
      PULUMI_CONFIG_PASSPHRASE: ${{ secrets.PULUMI_CONFIG_PASSPHRASE }}
    steps:
@SETUP@
@PULUMI@
@SIGN-IN-TO-DEPLOY@
      - run: crossaccount preview --no-resources --markdown - >> "$GITHUB_STEP_SUMMARY"
      - if: github.event_name == 'push'
        run: crossaccount up --yes
      - if: github.event_name == 'workflow_dispatch'
        env: {REVIEWED: "${{ inputs.reviewed }}"}
        run: >-
          crossaccount up --yes --approve broadening --approve replacement --approve credentials
          --reviewed "$REVIEWED"

  drift:
    name: Look for drift
    if: github.event_name == 'schedule'
    runs-on: ubuntu-latest
    timeout-minutes: 60
    environment: access-@PROJECT@-drift
    permissions:
      contents: read
      id-token: write # to sign in to AWS
    env:
      PULUMI_BACKEND_URL: ${{ vars.PULUMI_BACKEND_URL }}
      PULUMI_ACCESS_TOKEN: ${{ secrets.PULUMI_ACCESS_TOKEN }}
      PULUMI_CONFIG_PASSPHRASE: ${{ secrets.PULUMI_CONFIG_PASSPHRASE }}
    steps:
@SETUP@
@PULUMI@
@SIGN-IN-TO-LOOK@
      - run: crossaccount drift --markdown - >> "$GITHUB_STEP_SUMMARY"
"""
