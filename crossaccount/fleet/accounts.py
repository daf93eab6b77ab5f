"""Which accounts a fleet has: the list in a CSV or YAML file, and the accounts of an AWS organisation.

In a CSV file the columns are the keys of an account, and ``tag:KEY`` for each tag. An empty cell gives no value.

An organisation is read, never changed. The tree is walked from its root, unit by unit: that gives each account with its
units in one call for each unit, not one for each account. Tags take one call for each account. All lists come page by
page; botocore's retries wait out throttling.

Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossaccount.fleet.models import NAME_LENGTH, Account, account_slug
from crossaccount.iam.entity_names import same_but_for_case
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Entry, Placed, parse
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_text
from crossaccount.settings.raw import cleaned
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.settings.yaml_writing import yaml_text

TAG = "tag:"
COLUMNS = ("name", "id", "ou", "display_name", "color")
_ROW = re.compile(r"^(.*:\d+)\.")
"""The place of a cell: a line of the file, then the column."""
_ROUNDED = re.compile(r"\A[\d.,]+[eE]\+?\d+\Z")
_FORMS = 'write a list such as [{name: shop, id: "111111111111"}], or {file: accounts.csv}'


def read_accounts(
    value: object, directory: Path, where: str, problems: list[Problem], *, anywhere: bool = False
) -> dict[str, Placed[Account]]:
    """The accounts of the key ``accounts``, by name; what is wrong is added to ``problems``.

    A file that the key names is in ``directory``; ``anywhere`` is for one that a person names on the command line.
    """
    if isinstance(value, Mapping):
        entries = _of_file(value, directory, where, problems, anywhere=anywhere)
    else:
        entries = dict(_of_list(value, where, problems))
    wrong: list[Problem] = []
    parsed: dict[str, Placed[Account]] = parse(entries, Account, wrong)
    problems += (replace(each, where=_ROW.sub(r"\1: ", each.where)) for each in wrong)
    problems += _doubles(parsed.values())
    return {each.value.name: each for each in sorted(parsed.values(), key=lambda each: each.value.name)}


def _of_file(
    value: Mapping[Any, Any], directory: Path, where: str, problems: list[Problem], *, anywhere: bool
) -> dict[str, Entry]:
    if set(value) != {"file"} or not isinstance(value["file"], str):
        problems.append(Problem(where, "must be a list of accounts or name a file", dict(value), _FORMS))
        return {}
    name = value["file"]
    try:
        entries = list(read_list(directory, name, f"{where}.file", problems, anywhere=anywhere))
    except SettingsError as error:
        problems += error.problems
        return {}
    return dict(entries)


def read_list(
    directory: Path, name: str, where: str, problems: list[Problem], *, anywhere: bool = False
) -> Iterator[tuple[str, Entry]]:
    """The accounts of the CSV or YAML file ``name`` in ``directory``; ``where`` is what named it.

    Raises:
        SettingsError: the file cannot be read at all, or is outside of the folder.
    """
    file, within = directory / name, None if anywhere else directory
    if not os.path.lexists(file):
        fix = "create it with: crossaccount fleet discover"
        raise SettingsError([Problem(where, "there is no such file", name, fix)])
    if file.suffix.lower() == ".csv":
        return _of_csv(read_text(file, name, within=within), name, problems)
    content = read_yaml(file, name, within=within)
    if isinstance(content, Mapping) and set(content) == {"accounts"}:
        return _of_list(content["accounts"], f"{name}: accounts", problems)
    return _of_list(content, f"{name}: ", problems)


def _of_list(value: object, where: str, problems: list[Problem]) -> Iterator[tuple[str, Entry]]:
    if not isinstance(value, list) or not value:
        problems.append(Problem(where.removesuffix(": "), "must be a list of accounts", value, _FORMS))
        return
    for index, each in enumerate(cleaned(value, where, problems)):
        yield str(index), Entry(str(index), each, f"{where}[{index}]")


def _of_csv(text: str, name: str, problems: list[Problem]) -> Iterator[tuple[str, Entry]]:
    """Spreadsheets of some countries write semicolons."""
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first and "," not in first else ",")
    known = _rows(rows, name, problems)
    header = [cell.strip() for cell in next(known, [])]
    problems += _header_problems(header, name)
    for row in known:
        if not any(row):
            continue
        place = f"{name}:{rows.line_num}"
        if len(row) > len(header):
            fix = "put a value with a comma in it in double quotes"
            problems.append(Problem(place, f"has {len(row)} cells under {len(header)} columns", NOT_GIVEN, fix))
            continue
        cells = {column: cell.strip() for column, cell in zip(header, row, strict=False) if cell.strip()}
        account: dict[str, Any] = {column: cell for column, cell in cells.items() if column in COLUMNS}
        if _ROUNDED.match(account.get("id", "")):
            fix = "format the column as text and enter the IDs again"
            problems.append(Problem(f"{place}: id", "the spreadsheet has rounded the ID", account["id"], fix))
            continue
        account["tags"] = {column[len(TAG) :]: cell for column, cell in cells.items() if column.startswith(TAG)}
        yield place, Entry(place, account, place)


def _rows(rows: Any, name: str, problems: list[Problem]) -> Iterator[list[str]]:
    """The rows before the first one that Python's CSV reader refuses. It accepts at most 128 KiB in a cell."""
    try:
        yield from rows
    except csv.Error as error:
        fix = "close its quotes, or shorten the cell"
        problems.append(Problem(f"{name}:{rows.line_num}", f"is not CSV ({error})", NOT_GIVEN, fix))


def _header_problems(header: list[str], name: str) -> Iterator[Problem]:
    for column in header:
        if column not in COLUMNS and not (column.startswith(TAG) and len(column) > len(TAG)):
            fix = did_you_mean(column, COLUMNS, f"the columns are {', '.join(COLUMNS)}, and tag:KEY for each tag")
            yield Problem(f"{name}:1", "unknown column", column, fix)
    if twice := [column for column in COLUMNS if header.count(column) > 1]:
        yield Problem(f"{name}:1", "a column occurs twice", twice[0], "keep one of the two")


def _doubles(placed: Any) -> Iterator[Problem]:
    """Names and IDs that are used twice. Names that differ only in case are one file on many machines."""
    by_name: dict[str, Placed[Account]] = {}
    by_id: dict[str, Placed[Account]] = {}
    for each in placed:
        first = by_name.setdefault(each.value.name, each)
        if first is not each:
            what = f"the name is taken, by {first.where}"
            yield Problem(f"{each.where}.name", what, each.value.name, "give each account a unique name")
        other = by_id.setdefault(each.value.id, each)
        if other is not each:
            what = f"the account is already listed, at {other.where}"
            yield Problem(f"{each.where}.id", what, each.value.id, "keep one of the two")
    for first_name, later in same_but_for_case(by_name):
        what = f"differs only in case from {first_name}, and their stacks would share a file on some machines"
        yield Problem(f"{by_name[later].where}.name", what, later, "rename one of the two")


HEADER = "# The organisation's accounts, by `crossaccount fleet discover`. A name that is changed here stays changed.\n"


def read_snapshot(directory: Path, file: str) -> dict[str, Account]:
    """The accounts of the file as it is, by ID; none where there is no file.

    Raises:
        SettingsError: it is not a list of accounts.
    """
    if not os.path.lexists(directory / file):
        return {}
    problems: list[Problem] = []
    placed = read_accounts({"file": file}, directory, file, problems, anywhere=True)
    if problems:
        raise SettingsError(problems)
    return {each.value.id: each.value for each in placed.values()}


def snapshot_text(accounts: Sequence[Account], file: str) -> str:
    """The text of the file.

    Raises:
        SettingsError: a tag that a CSV file cannot hold.
    """
    return _csv(accounts, file) if Path(file).suffix.lower() == ".csv" else _yaml(accounts)


def differences(before: Collection[Account], after: Collection[Account]) -> list[str]:
    """What has changed, a line an account: ``new``, ``gone``, ``moved``, ``tags``."""
    old = {each.id: each for each in before}
    new = {each.id: each for each in after}
    lines = [f"new    {each.name} ({each.id}) in {_ou(each)}" for each in after if each.id not in old]
    lines += [f"gone   {each.name} ({each.id})" for each in before if each.id not in new]
    for each in after:
        was = old.get(each.id, each)
        if was.ou != each.ou:
            lines.append(f"moved  {each.name} from {_ou(was)} to {_ou(each)}")
        if dict(was.tags) != dict(each.tags):
            keys = sorted(key for key in {*was.tags, *each.tags} if was.tags.get(key) != each.tags.get(key))
            lines.append(f"tags   {each.name}: {', '.join(keys)}")
    return lines


def _ou(account: Account) -> str:
    return account.ou or "the root"


def _yaml(accounts: Sequence[Account]) -> str:
    return HEADER + yaml_text({"accounts": [_content(each) for each in accounts]})


def _content(account: Account) -> dict[str, Any]:
    content = account.model_dump(exclude_none=True)
    return {key: value for key, value in content.items() if value or key == "name"}


def _csv(accounts: Sequence[Account], file: str) -> str:
    keys = sorted({key for each in accounts for key in each.tags})
    optional = [column for column in COLUMNS[3:] if any(getattr(each, column) for each in accounts)]
    fix = f"keep tags by name with --tag, or write {Path(file).with_suffix('.yaml')}"
    empty = [
        Problem(f"{file}: {each.name}", f"an empty cell would lose the tag {key}, which has no value", "", fix)
        for each in accounts
        for key, value in each.tags.items()
        if not value
    ]
    if empty:
        raise SettingsError(empty)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*COLUMNS[:3], *(TAG + key for key in keys), *optional])
    for each in accounts:
        tags = [each.tags.get(key, "") for key in keys]
        rows.writerow([each.name, each.id, each.ou, *tags, *(getattr(each, column) or "" for column in optional)])
    return text.getvalue()


WHERE = "AWS Organizations"
ATTEMPTS = 12
ACTIVE = "ACTIVE"


@dataclass(frozen=True)
class Member:
    """An account as the organisation describes it. ``name`` is any text there, and need not be the only one."""

    id: str
    name: str
    ou: str
    state: str = ACTIVE
    tags: Mapping[str, str] = field(default_factory=dict)


def read_organization(organizations: Any, *, tags: bool = True) -> list[Member]:
    """Every account, by ID; with ``tags`` the tags of those that are active. ``organizations`` is a boto3 client.

    Raises:
        SourceError: AWS refuses a call, or there is no organisation.
    """
    with _errors_in_words():
        members = [
            member
            for root in _pages(organizations, "list_roots", "Roots")
            for member in _below(organizations, root["Id"], ())
        ]
        return [
            replace(member, tags=_tags(organizations, member.id)) if tags and member.state == ACTIVE else member
            for member in sorted(members, key=lambda each: each.id)
        ]


def other_accounts(members: Collection[Member], known: Mapping[str, str]) -> list[str]:
    """How the accounts of the organisation differ from those that are ``known``, by ID with their names.

    A grant under ``aws:ResourceOrgID`` reaches an account from the moment at which it joins.
    """
    found = {each.id: each for each in members}
    lines = [
        f"{each.name} ({each.id}) is in the organisation and not in the fleet"
        for each in members
        if each.state == ACTIVE and each.id not in known
    ]
    for account, name in known.items():
        if account not in found:
            lines.append(f"{name} ({account}) is in the fleet and not in the organisation")
        elif (state := found[account].state) != ACTIVE:
            lines.append(f"{name} ({account}) is in the fleet, and in the organisation it is {state}")
    return lines


def named(members: Collection[Member], known: Mapping[str, Account], tags: Collection[str] | None) -> list[Account]:
    """The active accounts as a fleet has them, by name.

    An account that is ``known`` (by ID) keeps its name and how the console shows it, whatever AWS calls it today: a new
    name would be a new stack. ``tags`` are the keys to keep; None keeps all.
    """
    active = [member for member in members if member.state == ACTIVE]
    taken = {known[member.id].name.lower() for member in active if member.id in known}
    result = []
    for member in active:
        existing = known.get(member.id)
        kept = {key: value for key, value in sorted(member.tags.items()) if tags is None or key in tags}
        shown = existing.model_dump(include={"display_name", "color"}, exclude_none=True) if existing else {}
        name = existing.name if existing else _free_name(member, taken)
        taken.add(name.lower())
        content = {"name": name, "id": member.id, "ou": member.ou, "tags": kept, **shown}
        result.append(Account.model_construct(**content))
    return sorted(result, key=lambda each: each.name)


def _free_name(member: Member, taken: Collection[str]) -> str:
    slug = account_slug(member.name)
    short = slug[: NAME_LENGTH - 13]
    return next(name for name in (slug, f"{short}-{member.id[-4:]}", f"{short}-{member.id}") if name not in taken)


def open_organizations(profile: str | None) -> Any:
    """The boto3 client, with the credentials of a profile or of the environment."""
    import boto3
    from botocore.config import Config

    with _errors_in_words():
        session = boto3.session.Session(profile_name=profile)
        # Organizations is in one region of each partition; botocore knows which.
        config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
        return session.client("organizations", region_name=session.region_name or "us-east-1", config=config)


def _below(organizations: Any, parent: str, way: tuple[str, ...]) -> Iterator[Member]:
    for account in _pages(organizations, "list_accounts_for_parent", "Accounts", ParentId=parent):
        state = account.get("State") or account.get("Status") or ACTIVE
        yield Member(account["Id"], account["Name"], "/".join(way), state)
    for unit in _pages(organizations, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
        # A slash in a name would look like two units.
        yield from _below(organizations, unit["Id"], (*way, unit["Name"].strip().replace("/", "-")))


def _tags(organizations: Any, account_id: str) -> dict[str, str]:
    pages = _pages(organizations, "list_tags_for_resource", "Tags", ResourceId=account_id)
    return {tag["Key"]: tag["Value"] for tag in pages}


def _pages(organizations: Any, operation: str, key: str, **arguments: str) -> Iterator[Mapping[str, Any]]:
    call: Callable[..., Any] = organizations.get_paginator(operation).paginate
    for page in call(**arguments):
        yield from page[key]


@contextmanager
def _errors_in_words() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    # The readers of sources take a while to import, and only `fleet discover` needs them.
    from crossaccount.sources.errors import refusal

    try:
        yield
    except ClientError as error:
        details = error.response.get("Error") or {}
        code = str(details.get("Code") or "")
        what = f"AWS refuses {error.operation_name}: {details.get('Message') or code}"
        raise refusal(WHERE, what, code, _fix(code, error.operation_name)) from None
    except BotoCoreError as error:
        fix = "name a profile of the management account or of a delegated administrator with --profile"
        raise refusal(WHERE, " ".join(str(error).split()), NOT_GIVEN, fix) from None


def _fix(code: str, operation: str) -> str:
    if code == "AWSOrganizationsNotInUseException":
        return "use credentials of an account that is in an organisation, or list the accounts by hand"
    if code.startswith("AccessDenied"):
        return f"allow organizations:{operation}, in the management account or a delegated administrator's"
    if code in ("TooManyRequestsException", "ThrottlingException"):
        return "wait a little: AWS still refused after all retries"
    return "try: aws organizations list-roots"
