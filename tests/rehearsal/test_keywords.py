"""Keywords of a trust statement on the local AWS: whoever meets one gets in, whoever does not is kept out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app

BOOK = {
    "auth": {"id": "111111111111", "stack": "auth"},
    "workload": {"id": "222222222222", "stack": "workload"},
}
ROLES: dict[str, dict[str, Any]] = {
    "Office": {"source_ip": "203.0.113.0/24"},
    "Named": {"session_name": "${aws:username}"},
    "Pattern": {"session_name": ["ci-*", "cd"]},
    "Now": {"starts": "2020-01-01", "expires": "2099-12-31"},
    "Later": {"starts": "2099-01-01"},
    "Over": {"expires": "2020-01-01"},
    "Team": {"principal_tags": {"team": ["blue", "green-*"]}},
    "Tagged": {
        "session_tags": {"required": {"project": ["web", "shop"], "ticket": "*"}, "allowed": ["project", "ticket"]}
    },
    "Plain": {},
    "Kept": {"source_identity": True},
    "TaggedPartner": {"external_id": ["a-b-c-12345-old"], "session_tags": {"required": {"project": "web"}}},
    "Partner": {"external_id": ["a-b-c-12345-old", "a-b-c-67890-new"]},
}
TAGS = {"project": "web", "ticket": "42"}
PARTNER = {"sts:ExternalId": "a-b-c-12345-old"}


def _test(role: str, expect: str, **more: Any) -> dict[str, Any]:
    return {"principal": "auth/user/ann", "role": f"workload/role/{role}", "expect": expect, **more}


TESTS = [
    _test("Office", "denied"),
    _test("Named", "denied"),
    _test("Named", "allowed", context={"sts:RoleSessionName": "ann"}),
    _test("Named", "denied", context={"sts:RoleSessionName": "bo"}),
    _test("Pattern", "allowed", context={"sts:RoleSessionName": "ci-7"}),
    _test("Pattern", "denied", context={"sts:RoleSessionName": "cid"}),
    _test("Now", "allowed"),
    _test("Later", "denied"),
    _test("Over", "denied"),
    _test("Later", "denied", at="2098-12-31T23:59:59Z"),
    _test("Later", "allowed", at="2099-01-01"),
    _test("Now", "allowed", at="2099-12-31T23:59:59Z"),
    _test("Now", "denied", at="2100-01-01"),
    _test("Plain", "allowed", principal="auth/user/di", at="2099-12-31T23:59:59Z"),
    _test("Plain", "denied", principal="auth/user/di", at="2100-01-01"),
    _test("Plain", "denied", principal="auth/user/fay", at="2097-12-31T23:59:59Z"),
    _test("Plain", "allowed", principal="auth/user/fay", at="2098-01-01"),
    _test("Plain", "denied", principal="auth/user/gil", at="2098-01-01"),
    _test("Team", "allowed"),
    _test("Team", "denied", principal="auth/user/bo"),
    _test("Tagged", "allowed", session={"tags": TAGS}),
    _test("Tagged", "denied"),
    _test("Tagged", "denied", session={"tags": {**TAGS, "project": "other"}}),
    _test("Tagged", "denied", session={"tags": {**TAGS, "more": "x"}}),
    _test("Tagged", "denied", session={"tags": {"project": "web"}}),
    _test("TaggedPartner", "allowed", session={"tags": {"project": "web"}}, context=PARTNER),
    _test("TaggedPartner", "denied", session={"tags": {"project": "web"}}),
    _test("TaggedPartner", "denied", session={"tags": {"project": "shop"}}, context=PARTNER),
    _test("TaggedPartner", "denied", context=PARTNER),
    _test("Partner", "allowed", context={"sts:ExternalId": "a-b-c-12345-old"}),
    _test("Partner", "allowed", context={"sts:ExternalId": "a-b-c-67890-new"}),
    _test("Partner", "denied", context={"sts:ExternalId": "a-b-c-00000-other"}),
    _test("Partner", "denied"),
    _test("Plain", "allowed", principal="auth/user/cy", context={"aws:MultiFactorAuthPresent": "true"}),
    _test("Plain", "denied", principal="auth/user/cy"),
    _test("Plain", "allowed", principal="auth/user/di"),
    _test("Plain", "denied", principal="auth/user/ed"),
    _test("Plain", "allowed", principal="auth/user/hal", context={"sts:RoleSessionName": "hal"}),
    _test("Plain", "denied", principal="auth/user/hal", context={"sts:RoleSessionName": "ann"}),
    _test("Plain", "allowed", principal="auth/user/ida"),
    _test("Plain", "denied", principal="auth/user/jan"),
    _test("Kept", "allowed", principal="auth/user/kay", session={"source_identity": "kay"}),
    _test("Kept", "denied", principal="auth/user/kay", session={"source_identity": "ann"}),
    _test("Kept", "denied", principal="auth/user/kay"),
    _test("Tagged", "allowed", principal="auth/user/lou", session={"tags": TAGS}, context=PARTNER),
    _test("Tagged", "denied", principal="auth/user/lou", session={"tags": TAGS}),
    _test(
        "Tagged", "denied", principal="auth/user/lou", session={"tags": {**TAGS, "project": "shop"}}, context=PARTNER
    ),
    _test("Tagged", "denied", principal="auth/user/lou", context=PARTNER),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("keywords")
    grant = {"inline": {"p": {"assume": ["workload/role/*"], "actions": ["sts:AssumeRole", "sts:TagSession"]}}}
    stacks: dict[str, dict[str, Any]] = {
        "auth": {
            "trusted": {
                "users": {
                    "ann": {**grant, "tags": {"team": "green-7"}},
                    "bo": {**grant, "tags": {"team": "red"}},
                    "cy": {**grant, "self_service_mfa": True},
                    "di": {**grant, "expires": "2099-12-31"},
                    "ed": {**grant, "expires": "2020-01-01"},
                    "fay": {**grant, "starts": "2098-01-01"},
                    "hal": {"inline": {"p": {"assume": ["workload/role/*"], "session_name": "${aws:username}"}}},
                    "kay": {"inline": {"p": {"assume": ["workload/role/*"], "source_identity": "${aws:username}"}}},
                    "lou": {
                        "inline": {
                            "p": {
                                "assume": ["workload/role/Tagged"],
                                "session_tags": {"required": {"project": "web"}},
                                "external_id": [PARTNER["sts:ExternalId"]],
                            }
                        }
                    },
                    "ida": {"groups": ["Tagged"], "tags": {"team": "blue"}},
                    "jan": {"groups": ["Tagged"], "tags": {"team": "red"}},
                    "gil": {"groups": [{"name": "Dated", "expires": "2020-01-01"}]},
                },
                "groups": {
                    "Dated": grant,
                    "Tagged": {"inline": {"p": {"assume": ["workload/role/*"], "principal_tags": {"team": "blue"}}}},
                },
            }
        },
        "workload": {
            "trusting": {"roles": {name: {"trust": [{"principals": ["auth"], **each}]} for name, each in ROLES.items()}}
        },
    }
    project = {"name": "keywords", "runtime": "python", "config": {"crossaccount:accounts": {"value": BOOK}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    for name, config in stacks.items():
        own = {"aws:region": "us-east-1", "aws:allowedAccountIds": [BOOK[name]["id"]], "crossaccount:account": name}
        text = yaml.safe_dump({"config": {**own, **{f"crossaccount:{key}": value for key, value in config.items()}}})
        (folder / f"Pulumi.{name}.yaml").write_text(text)
    (folder / "access-tests.yaml").write_text(yaml.safe_dump({"tests": TESTS}))
    done = CliRunner().invoke(app, ["rehearse", str(folder), "--json", "--engine", "in-process"])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    return found


@pytest.mark.parametrize("index", range(len(TESTS)))
def test_each_is_tried_where_the_local_aws_can_and_as_expected(results: list[dict[str, Any]], index: int) -> None:
    mode = "judged" if "source_identity" in TESTS[index].get("session", {}) else "tried"
    assert (results[index]["mode"], results[index]["actual"]) == (mode, TESTS[index]["expect"])
