"""What is said once: defaults, members on the group's side, files that stacks share, with placeholders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossaccount.settings import Settings, load_settings
from tests.settings.conftest import BASE, Case
from tests.settings.test_valid import HERE


def _of_case(name: str, read_case: Any, folder: Path) -> Settings:
    case: Case = read_case(HERE / "valid" / f"{name}.yaml", "warnings")
    return case.load(folder)


def test_an_entity_has_the_defaults_that_it_does_not_replace(read_case: Any, tmp_path: Path) -> None:
    settings = _of_case("defaults", read_case, tmp_path)
    assert settings.trusted is not None
    ann, bob = settings.trusted.users["ann"], settings.trusted.users["bob"]
    assert (ann.path, ann.tags) == ("/team/", {"team": "ops"})
    assert ann.permissions_boundary == "arn:aws:iam::aws:policy/PowerUserAccess"
    assert (bob.path, bob.tags, bob.permissions_boundary) == ("/", {"team": "own", "more": "x"}, None)
    assert settings.trusted.groups["All"].path == "/team/"


def test_a_shared_file_has_its_own_defaults_and_the_facts_of_the_stack_that_includes_it(
    read_case: Any, tmp_path: Path
) -> None:
    settings = _of_case("defaults", read_case, tmp_path)
    assert settings.trusting is not None
    [(name, role)] = settings.trusting.roles.items()
    assert (name, role.description, role.path) == ("iam-auth", "of People", "/more/")
    assert role.tags == {"team": "ops", "file": "more"}
    assert settings.account_ids == {"auth": "111111111111", "workload": "222222222222"}


def test_what_others_make_is_named_by_its_arn(read_case: Any, tmp_path: Path) -> None:
    settings = _of_case("existing", read_case, tmp_path)
    assert settings.trusted is not None
    limit = "arn:aws:iam::111111111111:policy/team/limit"
    ann = settings.trusted.users["ann"]
    assert (ann.policies, ann.permissions_boundary) == ((limit,), limit)
    assert settings.outside.roles == {"Provisioner": "arn:aws:iam::111111111111:role/Provisioner"}


def test_members_are_the_users_groups(read_case: Any, tmp_path: Path) -> None:
    settings = _of_case("defaults", read_case, tmp_path)
    assert settings.trusted is not None
    assert {name: user.group_names for name, user in settings.trusted.users.items()} == {
        "ann": ("All",),
        "bob": ("Some",),
    }


def test_all_members_are_those_of_included_files_too(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("trusted: {users: {zoe: }}")
    trusted = {"users": {"ann": {}}, "groups": {"All": {"members": {"all": True}}}}
    config = {**BASE, "crossaccount:trusted": trusted, "crossaccount:include": ["more.yaml"]}
    settings = load_settings(config, root=tmp_path)
    assert settings.trusted is not None
    assert {name: user.group_names for name, user in settings.trusted.users.items()} == {
        "ann": ("All",),
        "zoe": ("All",),
    }
