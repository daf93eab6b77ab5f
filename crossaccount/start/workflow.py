"""The GitHub Actions workflow of a first project: reviewed on a pull request, deployed on merge, drift looked for each
night.

It signs in to AWS by OpenID Connect, each account a profile of the name that the stack's config has: with a role that
only reads for pull requests and for drift, with one that may deploy on the main branch alone. More access needs a yes
that a person gave: a label on the pull request. Nothing of a pull request's own text gets into a script.

Source: https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/\
configuring-openid-connect-in-amazon-web-services, and the README of aws-actions/configure-aws-credentials
(``aws-profile``, ``allowed-account-ids``)
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from crossaccount.start.files import Place
from crossaccount.start.plan import Account, Plan

LABEL = "access-approved"
"""On a pull request: the yes to more access and to replaced users and roles."""


def workflow_name(plan: Plan) -> str:
    """The file's path, from the top of the repository."""
    return f".github/workflows/access-{_in_a_name(plan.project)}.yaml"


def role_variable(purpose: str, account: str) -> str:
    """The repository's variable with the role that the workflow takes in an account to ``PREVIEW`` or to ``DEPLOY``."""
    return f"AWS_{purpose}_ROLE_" + re.sub(r"[^A-Z0-9]", "_", account.upper())


def workflow(plan: Plan, place: Place, folder: PurePosixPath) -> str:
    """The workflow's text. ``folder`` is the way from the top of the repository to the project."""
    accounts = (plan.trusting, plan.trusted)
    install = f"-e '{place.checkout}[local]'" if place.checkout else "-r requirements.txt"
    variables = [role_variable(purpose, each.name) for purpose in ("PREVIEW", "DEPLOY") for each in accounts]
    text = _WORKFLOW
    for key, value in {
        "@PROJECT@": _in_a_name(plan.project),
        "@LABEL@": LABEL,
        "@VARIABLES@": "\n".join(f"#   {each}" for each in variables),
        "@PROFILE@": plan.trusting.name,
        "@FOLDER@": str(folder),
        "@REVIEW@": str(folder / "review.md"),
        "@PULUMI@": _PULUMI,
        "@SETUP@": _SETUP.format(venv=place.virtualenv, install=install).rstrip("\n"),
        "@SIGN-IN-TO-READ@": "\n".join(_sign_in("PREVIEW", each, plan.region) for each in accounts),
        "@SIGN-IN-TO-DEPLOY@": "\n".join(_sign_in("DEPLOY", each, plan.region) for each in accounts),
    }.items():
        text = text.replace(key, value)
    return text


def _in_a_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)


def _sign_in(purpose: str, account: Account, region: str) -> str:
    return f"""      - uses: aws-actions/configure-aws-credentials@v6
        with:
          role-to-assume: ${{{{ vars.{role_variable(purpose, account.name)} }}}}
          aws-profile: {account.name}
          aws-region: {region}
          allowed-account-ids: "{account.id}\""""


_SETUP = """      - uses: actions/checkout@v6
        with: {{persist-credentials: false}}
      - uses: actions/setup-python@v6
        with: {{python-version: "3.11"}}
      - run: |
          python -m venv {venv}
          {venv}/bin/python -m pip install {install}
          echo "$(cd {venv}/bin && pwd)" >> "$GITHUB_PATH"
"""
_PULUMI = """    env:
      PULUMI_BACKEND_URL: ${{ vars.PULUMI_BACKEND_URL }}
      PULUMI_ACCESS_TOKEN: ${{ secrets.PULUMI_ACCESS_TOKEN }}
      PULUMI_CONFIG_PASSPHRASE: ${{ secrets.PULUMI_CONFIG_PASSPHRASE }}"""
_WORKFLOW = """# Needs, in the settings of the repository:
#
# variables: the ARN of a role in each account, which trusts this repository by OpenID Connect. Those to preview only
# read, for pull requests and the main branch; those to deploy may change IAM and Secrets Manager, for the main branch.
@VARIABLES@
#   PULUMI_BACKEND_URL, where Pulumi keeps its state; for a bucket s3://BUCKET?region=REGION&profile=@PROFILE@
# secrets: PULUMI_ACCESS_TOKEN for Pulumi Cloud; PULUMI_CONFIG_PASSPHRASE for any other backend
# a label: @LABEL@. A pull request that gives more access, as the first one does, fails without it.
name: access @PROJECT@
on:
  pull_request: {types: [opened, reopened, synchronize, labeled, unlabeled]}
  push: {branches: [main]}
  schedule: [{cron: "17 3 * * *"}]
permissions: {contents: read}
concurrency:
  group: "access-@PROJECT@-${{ github.ref }}"
  # An update that is cancelled may leave something half done.
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}
defaults: {run: {working-directory: "@FOLDER@"}}

jobs:
  check:
    if: github.event_name != 'schedule'
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
@SETUP@
      - run: crossaccount check --markdown - >> "$GITHUB_STEP_SUMMARY"
      - run: crossaccount rehearse . --engine in-process

  preview:
    # From a fork there are neither roles nor secrets.
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    needs: check
    runs-on: ubuntu-latest
    timeout-minutes: 60
    permissions: {contents: read, id-token: write, pull-requests: write}
@PULUMI@
    steps:
@SETUP@
      - uses: pulumi/actions@v7
@SIGN-IN-TO-READ@
      - if: ${{ !contains(github.event.pull_request.labels.*.name, '@LABEL@') }}
        run: crossaccount preview --markdown review.md --fail-on broadening
      - if: ${{ contains(github.event.pull_request.labels.*.name, '@LABEL@') }}
        run: crossaccount preview --markdown review.md
      - if: ${{ !cancelled() && hashFiles('@REVIEW@') != '' }}
        env:
          GH_TOKEN: ${{ github.token }}
          NUMBER: ${{ github.event.pull_request.number }}
        run: |
          cat review.md >> "$GITHUB_STEP_SUMMARY"
          gh pr comment "$NUMBER" --edit-last --create-if-none --body-file review.md ||
            echo "::warning::the review is no comment; it stands in the summary of this run"

  up:
    if: github.event_name == 'push'
    needs: check
    runs-on: ubuntu-latest
    timeout-minutes: 120
    permissions: {contents: read, id-token: write, pull-requests: read}
@PULUMI@
    steps:
@SETUP@
      - uses: pulumi/actions@v7
@SIGN-IN-TO-DEPLOY@
      # The label may also come after the merge: put it on the merged pull request, and run this job again.
      - id: approved
        env: {GH_TOKEN: "${{ github.token }}"}
        run: |
          labels="$(gh api "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" --jq '.[].labels[].name')"
          if grep -qx @LABEL@ <<< "$labels"; then
            echo "options=--approve broadening --approve replacement" >> "$GITHUB_OUTPUT"
          fi
      - run: crossaccount up --yes ${{ steps.approved.outputs.options }}

  drift:
    if: github.event_name == 'schedule'
    runs-on: ubuntu-latest
    timeout-minutes: 60
    permissions: {contents: read, id-token: write}
@PULUMI@
    steps:
@SETUP@
      - uses: pulumi/actions@v7
@SIGN-IN-TO-READ@
      - run: crossaccount drift --markdown - >> "$GITHUB_STEP_SUMMARY"
"""
