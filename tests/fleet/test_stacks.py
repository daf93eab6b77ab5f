"""What each account's stack says: role sets together, exceptions merged, names and placeholders written out."""

from __future__ import annotations

import copy

import pytest

from crossaccount.fleet.declarations import merged
from tests.fleet.conftest import AUDIT, AUDITOR, IDS, role_set

ROLES = "crossaccount:trusting"
GRANT = {"groups": {"auditors": {"inline": {"audit": {"assume": ["<audit>/role/Auditor"]}}}}}


def _grants(config):
    return config["crossaccount:trusted"]["groups"]["auditors"]["inline"]["audit"]["assume"]


def test_a_stack_names_itself_guards_itself_and_carries_only_the_accounts_that_it_names(stacks):
    found = stacks({"role_sets": AUDIT, "region": "eu-central-1"})
    assert dict(found["shop"].config) == {
        "aws:region": "eu-central-1",
        "aws:allowedAccountIds": [IDS["shop"]],
        "crossaccount:account": "shop",
        "crossaccount:accounts": {
            "security": {"id": IDS["security"], "stack": "security"},
            "shop": {"id": IDS["shop"], "stack": "shop"},
        },
        "crossaccount:trusting": {"roles": {"Auditor": AUDITOR}},
    }
    assert list(found["security"].config["crossaccount:accounts"]) == ["security"]


def test_an_account_without_a_role_set_has_a_stack_all_the_same(stacks):
    """What it had is only taken away by a stack that no longer says it."""
    found = stacks({})
    assert set(found) == set(IDS)
    assert ROLES not in found["shop"].config


def test_role_sets_of_an_account_are_put_together(stacks):
    deploy = role_set(
        [{"ou": "Workloads"}], trusting={"roles": {"Deployer": AUDITOR}}, policies={"P": {"assume": ["*"]}}
    )
    found = stacks({"role_sets": {**AUDIT, "deploy": deploy}})
    assert list(found["shop"].config[ROLES]["roles"]) == ["Auditor", "Deployer"]
    assert list(found["play"].config[ROLES]["roles"]) == ["Auditor"]
    assert found["shop"].config["crossaccount:policies"] == {"P": {"assume": ["*"]}}
    assert found["shop"].origins["trusting.roles.Deployer"] == "role_sets.deploy.trusting.roles.Deployer"


def test_one_name_in_two_role_sets_of_an_account_is_refused(wrong):
    again = role_set([{"accounts": "shop"}], trusting={"roles": {"Auditor": AUDITOR}})
    assert wrong({"role_sets": {**AUDIT, "again": again}}) == [
        "fleet.yaml: role_sets.again.trusting.roles.Auditor: is already declared, by "
        "role_sets.audit.trusting.roles.Auditor (in shop); rename one of the two, or exclude the accounts that get both"
    ]


def test_an_exception_changes_adds_and_removes(stacks):
    content = {
        "role_sets": {
            "roles": role_set(
                trusting={"roles": {"A": {**AUDITOR, "tags": {"team": "x", "cost": "1"}}, "B": AUDITOR, "C": AUDITOR}}
            )
        },
        "exceptions": {
            "shop": {
                "trusting": {
                    "roles": {
                        "A": {"tags": {"team": None}, "path": "/x/"},
                        "B": None,
                        "D": {"trust": [{"principals": ["play"]}]},
                    }
                }
            }
        },
    }
    found = stacks(content)
    assert found["shop"].config[ROLES]["roles"] == {
        "A": {**AUDITOR, "tags": {"cost": "1"}, "path": "/x/"},
        "C": AUDITOR,
        "D": {"trust": [{"principals": ["play"]}]},
    }
    assert found["shop"].origins["trusting.roles.A"] == "exceptions.shop.trusting.roles.A"
    assert list(found["shop"].config["crossaccount:accounts"]) == ["play", "security", "shop"]
    assert found["play"].config[ROLES]["roles"]["A"]["tags"] == {"team": "x", "cost": "1"}


def test_an_exception_may_take_away_all_of_a_kind_and_give_another(stacks):
    content = {
        "role_sets": AUDIT,
        "exceptions": {"shop": {"trusting": {"roles": None}, "policies": {"P": {"deny": ["*"]}}}},
    }
    config = stacks(content)["shop"].config
    assert config[ROLES] == {}
    assert config["crossaccount:policies"] == {"P": {"deny": ["*"]}}


def test_there_must_be_something_to_remove(wrong):
    content = {"role_sets": AUDIT, "exceptions": {"shop": {"trusting": {"roles": {"Auditer": None}}}}}
    assert wrong(content) == [
        "fleet.yaml: exceptions.shop.trusting.roles.Auditer: there is nothing to remove (in shop); "
        "did you mean `Auditor`?"
    ]


def test_a_merge_changes_neither_of_its_sides():
    value, patch = {"a": {"b": 1, "c": [1]}}, {"a": {"b": None, "d": 2}}
    before = copy.deepcopy((value, patch))
    assert merged(value, patch) == {"a": {"c": [1], "d": 2}}
    assert (value, patch) == before


def test_a_role_set_in_a_list_of_names_means_its_accounts(stacks):
    people = role_set([{"accounts": "security"}], trusted=GRANT)
    found = stacks({"role_sets": {"people": people, "audit": {**AUDIT["audit"], "exclude": [{"ou": "Sandbox"}]}}})
    assert _grants(found["security"].config) == ["security/role/Auditor", "shop/role/Auditor"]
    assert list(found["security"].config["crossaccount:accounts"]) == ["security", "shop"]


def test_where_an_exception_took_the_role_nobody_is_granted_it(stacks):
    people = role_set([{"accounts": "security"}], trusted=GRANT)
    exceptions = {"shop": {"trusting": {"roles": {"Auditor": None}}}, "play": {"without": ["audit"]}}
    found = stacks({"role_sets": {"people": people, **AUDIT}, "exceptions": exceptions})
    assert _grants(found["security"].config) == ["security/role/Auditor"]


def test_a_trust_may_name_the_accounts_of_a_role_set_and_reads_too(stacks):
    hub = role_set(
        [{"accounts": "security"}],
        reads=["<audit>"],
        trusting={"roles": {"Hub": {"trust": [{"principals": ["<audit>"]}]}}},
    )
    config = stacks({"role_sets": {"hub": hub, **AUDIT}})["security"].config
    assert config[ROLES]["roles"]["Hub"]["trust"] == [{"principals": ["play", "security", "shop"]}]
    assert config["crossaccount:reads"] == ["play", "shop"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("<audits>/role/Auditor", 'no such role set (in security), got "<audits>/role/Auditor"; did you mean `audit`?'),
        (
            "<audit>/role/Auditer",
            'no account of the role set has that (in security), got "<audit>/role/Auditer"; '
            "correct it: audit applies to 3 accounts",
        ),
        ("<none>/role/X", 'names nobody (in security), got "<none>/role/X"; correct it: none applies to 0 accounts'),
        (
            "<account.nam>/role/X",
            'no such placeholder (in security), got "<account.nam>/role/X"; did you mean `<account.name>`?',
        ),
        (
            "<account.tags.team>/role/X",
            'the account has no tag team (in security), got "<account.tags.team>/role/X"; '
            "tag the account, or exclude it",
        ),
    ],
)
def test_a_name_that_means_nobody_is_reported_at_its_place(wrong, name, said):
    people = role_set([{"accounts": "security"}], trusted={"users": {"bo": {"inline": {"p": {"assume": [name]}}}}})
    none = role_set([{"ou": "Nowhere"}], trusting={"roles": {"X": AUDITOR}})
    assert wrong({"role_sets": {"people": people, "none": none, **AUDIT}}) == [
        f"fleet.yaml: role_sets.people.trusted.users.bo.inline.p.assume[0]: {said}"
    ]


def test_placeholders_are_filled_in_every_text(stacks):
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::<account.name>-<account.id>"}],
    }
    roles = {
        "A": {**AUDITOR, "description": "<account.ou> in <account.region>", "inline": {"p": {"document": document}}}
    }
    config = stacks(
        {"region": "us-east-1", "role_sets": {"a": role_set([{"accounts": "shop"}], trusting={"roles": roles})}}
    )["shop"].config
    role = config[ROLES]["roles"]["A"]
    assert role["description"] == "Workloads/Production in us-east-1"
    assert role["inline"]["p"]["document"]["Statement"][0]["Resource"] == f"arn:aws:s3:::shop-{IDS['shop']}"


def test_accounts_managed_elsewhere_are_named_as_they_are_given(stacks):
    partner = {"id": "999999999999", "display_name": "PARTNER"}
    vendor = role_set([{"accounts": "shop"}], trusting={"roles": {"V": {"trust": [{"principals": ["partner"]}]}}})
    found = stacks({"elsewhere": {"partner": partner}, "role_sets": {"vendor": vendor}})
    assert found["shop"].config["crossaccount:accounts"]["partner"] == partner
    assert set(found) == set(IDS)


SPOKES = [{"accounts": ["shop", "play"]}]


def _granting(*names):
    return {
        "people": role_set(
            [{"accounts": "security"}], trusted={"users": {"bo": {"inline": {"p": {"assume": list(names)}}}}}
        )
    }


def test_names_by_pattern_are_declared_and_named_with_the_target_next_to_the_granter(stacks):
    spoke = role_set(SPOKES, trusting={"roles": {"acme-<account.name>-admin": AUDITOR, "of-security": AUDITOR}})
    people = _granting("<spoke>/role/acme-<target.name>-admin", "<spoke>/role/of-<account.name>", "<target.name>")
    del people["people"]["trusted"]["users"]["bo"]["inline"]["p"]["assume"][2]
    found = stacks({"role_sets": {"spoke": spoke, **people}})
    assert list(found["shop"].config[ROLES]["roles"]) == ["acme-shop-admin", "of-security"]
    assert found["security"].config["crossaccount:trusted"]["users"]["bo"]["inline"]["p"]["assume"] == [
        "play/role/acme-play-admin",
        "shop/role/acme-shop-admin",
        "play/role/of-security",
        "shop/role/of-security",
    ]


def test_an_exception_changes_what_is_declared_by_pattern_and_takes_it_out_of_grants(stacks):
    spoke = role_set(SPOKES, trusting={"roles": {"acme-<account.name>-admin": AUDITOR}})
    gone = {"play": {"trusting": {"roles": {"acme-<account.name>-admin": None}}}}
    found = stacks(
        {"role_sets": {"spoke": spoke, **_granting("<spoke>/role/acme-<target.name>-admin")}, "exceptions": gone}
    )
    assert found["security"].config["crossaccount:trusted"]["users"]["bo"]["inline"]["p"]["assume"] == [
        "shop/role/acme-shop-admin"
    ]
    assert found["play"].config[ROLES] == {"roles": {}}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "<spoke>/role/acme-<target.nam>-admin",
            'no such placeholder (in security), got "<spoke>/role/acme-<target.nam>-admin"; '
            "did you mean `<target.name>`?",
        ),
        (
            "<spoke>/role/acme-<target.tags.team>-admin",
            'play has no tag team (in security), got "<spoke>/role/acme-<target.tags.team>-admin"; '
            "tag the account, or exclude it",
        ),
        (
            "shop/role/acme-<target.name>-admin",
            '<target.…> is known only after a role set (in security), got "shop/role/acme-<target.name>-admin"; '
            "write <role set>/role/<name>, or <account.…> for this account",
        ),
    ],
)
def test_a_placeholder_of_the_target_that_means_nothing_is_reported(wrong, name, said):
    spoke = role_set(SPOKES, trusting={"roles": {"acme-<account.name>-admin": AUDITOR}})
    lines = wrong({"role_sets": {"spoke": spoke, **_granting(name)}})
    assert f"fleet.yaml: role_sets.people.trusted.users.bo.inline.p.assume[0]: {said}" in lines


def test_two_patterns_that_become_one_name_are_refused(wrong):
    roles = {"x-<account.name>": AUDITOR, "x-shop": AUDITOR}
    assert wrong({"role_sets": {"a": role_set([{"accounts": "shop"}], trusting={"roles": roles})}}) == [
        "fleet.yaml: role_sets.a.trusting.roles.x-shop: is already declared, as x-shop (in shop), "
        'got "x-shop"; rename one of the two'
    ]


GITHUB = {"github": {"oidc": "github", "bootstrap": True}}
DEPLOYS = {"bootstrap": "deploy", "trust": [{"github": {"repository": "acme/infra", "branch": "main"}}]}
PIPELINE = {"providers": GITHUB, "trusting": {"roles": {"access-deploy": DEPLOYS}}}


@pytest.mark.parametrize(
    "selector",
    [{"ou": "Workloads/Production"}, {"tags": {"stage": "production"}}, {"accounts": "shop"}],
    ids=["unit", "tag", "name"],
)
def test_providers_and_pipelines_are_selected_as_role_sets_are(stacks, selector):
    found = stacks({"role_sets": {"pipeline": role_set([selector], **PIPELINE)}})
    having = [name for name, each in found.items() if "crossaccount:providers" in each.config]
    assert "shop" in having
    assert "play" not in having
    for name in having:
        assert found[name].config["crossaccount:providers"] == GITHUB
        assert found[name].config[ROLES] == {"roles": {"access-deploy": DEPLOYS}}
        assert found[name].origins["providers.github"] == "role_sets.pipeline.providers.github"


def test_an_exception_changes_a_provider(stacks):
    roles = {"Auditor": AUDITOR}
    content = {
        "role_sets": {"all": role_set(providers=GITHUB, trusting={"roles": roles})},
        "exceptions": {"shop": {"providers": {"github": {"bootstrap": None, "existing": True}}}},
    }
    found = stacks(content)
    assert found["shop"].config["crossaccount:providers"] == {"github": {"oidc": "github", "existing": True}}
    assert found["play"].config["crossaccount:providers"] == GITHUB


def test_one_provider_in_two_role_sets_is_refused(wrong):
    content = {
        "role_sets": {"one": role_set(providers=GITHUB), "two": role_set([{"accounts": "shop"}], providers=GITHUB)}
    }
    assert [each.partition(" (in")[0] for each in wrong(content)] == [
        "fleet.yaml: role_sets.two.providers.github: is already declared, by role_sets.one.providers.github"
    ]


def test_defaults_give_a_pipeline_their_tags_alone(stacks):
    defaults = {"path": "/app/", "permissions_boundary": "limit", "tags": {"team": "x"}}
    content = {"defaults": defaults, "role_sets": {"pipeline": role_set([{"accounts": "shop"}], **PIPELINE)}}
    assert stacks(content)["shop"].config[ROLES]["roles"]["access-deploy"] == {**DEPLOYS, "tags": {"team": "x"}}


def test_how_people_sign_in_is_selected_as_role_sets_are(stacks, wrong):
    rules = {"minimum_length": 16}
    content = {
        "role_sets": {
            "rules": role_set(sign_in={"password_policy": rules}),
            "names": role_set([{"accounts": "shop"}], sign_in={"alias": "acme-<account.name>"}),
        },
        "exceptions": {"play": {"sign_in": {"password_policy": {"max_age": 90}}}},
    }
    found = {name: each.config["crossaccount:sign_in"] for name, each in stacks(content).items()}
    assert found["shop"] == {"alias": "acme-shop", "password_policy": rules}
    assert found["play"] == {"password_policy": {**rules, "max_age": 90}}
    content["role_sets"]["more"] = role_set([{"accounts": "shop"}], sign_in={"password_policy": {}})
    assert wrong(content) == [
        "fleet.yaml: role_sets.more.sign_in.password_policy: is already declared, by "
        "role_sets.rules.sign_in.password_policy (in shop); keep one of the two, or exclude the accounts that get both"
    ]


def test_a_fleet_names_its_pipelines_policies(stacks):
    content = {"role_sets": {"pipeline": role_set(bootstrap={"prefix": "access-<account.name>"}, **PIPELINE)}}
    assert stacks(content)["shop"].config["crossaccount:bootstrap"] == {"prefix": "access-shop"}
