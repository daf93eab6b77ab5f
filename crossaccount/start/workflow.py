"""The GitHub Actions workflow of a first project: checked and previewed on a pull request, deployed on merge, drift
looked for each night.

It signs in to AWS by OpenID Connect, with a role per account whose ARN is a variable of the repository. A stack that
reads another comes after it. Nothing in it is taken from a pull request's own text.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from crossaccount.start.files import Place
from crossaccount.start.plan import Plan


def workflow_name(plan: Plan) -> str:
    """The file's path, from the top of the repository."""
    return f".github/workflows/access-{re.sub(r'[^A-Za-z0-9_.-]', '-', plan.project)}.yaml"


def role_variable(account: str) -> str:
    """The repository's variable with the role that the workflow takes in an account."""
    return "AWS_ROLE_" + re.sub(r"[^A-Z0-9]", "_", account.upper())


def workflow(plan: Plan, place: Place, folder: PurePosixPath) -> str:
    """The workflow's text. ``folder`` is the way from the top of the repository to the project."""
    stacks = [plan.trusting.name, plan.trusted.name]
    roles = "".join(
        f'          - {{stack: {each}, role: "${{{{ vars.{role_variable(each)} }}}}"}}\n' for each in stacks
    )
    sources = {kind: " ".join(f"{kind}:{each}" for each in stacks) for kind in ("state", "stack")}
    before = " ".join(f"--before {each}" for each in sources["state"].split())
    after = " ".join(f"--after {each}" for each in sources["stack"].split())
    install = f"-e '{place.checkout}[local]'" if place.checkout else "-r requirements.txt"
    setup = _SETUP.format(venv=place.virtualenv, install=install)
    variables = ", ".join(role_variable(each) for each in stacks)
    text = _WORKFLOW
    for key, value in {
        "@VARIABLES@": variables,
        "@FOLDER@": str(folder),
        "@ROLES@": roles.rstrip("\n"),
        "@SETUP@": setup.rstrip("\n"),
        "@BEFORE@": before,
        "@AFTER@": after,
        "@SIGN-IN@": _SIGN_IN.rstrip("\n"),
    }.items():
        text = text.replace(key, value)
    return text


_SETUP = """      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.11"}}
      - run: |
          python -m venv {venv}
          {venv}/bin/python -m pip install {install}
          echo "$(cd {venv}/bin && pwd)" >> "$GITHUB_PATH"
"""
_SIGN_IN = """      - uses: pulumi/actions@v6
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: ${{ matrix.role }}
          aws-region: us-east-1
      - run: pulumi stack select --create ${{ matrix.stack }}
"""
_WORKFLOW = """# Set these before the first run. Variables of the repository: @VARIABLES@ (the ARN
# of a role in each account that trusts this repository by OpenID Connect) and PULUMI_BACKEND_URL; secrets:
# PULUMI_ACCESS_TOKEN or whatever your backend needs, and PULUMI_CONFIG_PASSPHRASE where there is no service.
name: access
on:
  pull_request:
  push: {branches: [main]}
  schedule: [{cron: "17 3 * * *"}]
permissions: {contents: read, id-token: write}
concurrency: {group: "access-${{ github.ref }}"}
defaults: {run: {working-directory: "@FOLDER@"}}
env:
  PULUMI_BACKEND_URL: ${{ vars.PULUMI_BACKEND_URL }}
  PULUMI_ACCESS_TOKEN: ${{ secrets.PULUMI_ACCESS_TOKEN }}
  PULUMI_CONFIG_PASSPHRASE: ${{ secrets.PULUMI_CONFIG_PASSPHRASE }}

jobs:
  check:
    if: github.event_name != 'schedule'
    runs-on: ubuntu-latest
    steps:
@SETUP@
      - run: crossaccount check --markdown - >> "$GITHUB_STEP_SUMMARY"
      - run: crossaccount rehearse .

  preview:
    if: github.event_name == 'pull_request'
    needs: check
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix:
        include:
@ROLES@
    steps:
@SETUP@
@SIGN-IN@
      - run: pulumi preview --diff --non-interactive --stack ${{ matrix.stack }}
      # Before the first deployment there is no state to compare with.
      - continue-on-error: true
        run: crossaccount diff @BEFORE@ @AFTER@ --markdown - >> "$GITHUB_STEP_SUMMARY"

  up:
    if: github.event_name == 'push'
    needs: check
    runs-on: ubuntu-latest
    strategy:
      # One after the other: the second reads what the first exports.
      max-parallel: 1
      matrix:
        include:
@ROLES@
    steps:
@SETUP@
@SIGN-IN@
      - run: pulumi up --yes --refresh --non-interactive --stack ${{ matrix.stack }}

  drift:
    if: github.event_name == 'schedule'
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix:
        include:
@ROLES@
    steps:
@SETUP@
@SIGN-IN@
      - run: pulumi preview --refresh --expect-no-changes --diff --non-interactive --stack ${{ matrix.stack }}
"""
