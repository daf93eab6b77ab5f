"""What a change opens and closes end to end, beside the paths that change."""

from __future__ import annotations

from typing import Any

from crossaccount.access.diff import diff, markdown
from tests.access.diff.worlds import estate_of

ANY = {"p": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
KIM, BO = "arn:aws:iam::111111111111:user/kim", "arn:aws:iam::111111111111:user/bo"
TOOLING, DEPLOY = "arn:aws:iam::111111111111:role/tooling", "arn:aws:iam::222222222222:role/deploy"
ADMIN = "arn:aws:iam::222222222222:role/admin"


def _trust(principal: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def _world(*deployers: dict[str, Any], admin: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "users": {"kim": {"policies": ANY}, "bo": {"policies": ANY}},
        "apps": {"tooling": {"policies": ANY, "trust": [_trust({"AWS": [KIM, BO]})]}},
        "roles": {
            "deploy": {"policies": ANY, "trust": list(deployers)},
            "admin": {"trust": [_trust({"AWS": DEPLOY}), *admin]},
        },
    }


CLOSED, OPEN = _world(_trust({"AWS": "333333333333"})), _world(_trust({"AWS": ["333333333333", TOOLING]}))


def test_a_path_in_the_middle_opens_ways_end_to_end() -> None:
    found = diff(estate_of(CLOSED), estate_of(OPEN))
    (change,) = found.changes
    assert (change.kind, change.principal, change.role) == ("path-gained", TOOLING, DEPLOY)
    assert "through it 3 principals now reach 2 roles, among them role/tooling → role/admin" in change.why
    assert [(each.principal, each.role, each.via, each.opens) for each in found.reach] == [
        (TOOLING, ADMIN, (DEPLOY,), True),
        (BO, ADMIN, (TOOLING, DEPLOY), True),
        (BO, DEPLOY, (TOOLING,), True),
        (KIM, ADMIN, (TOOLING, DEPLOY), True),
        (KIM, DEPLOY, (TOOLING,), True),
    ]
    assert found.verdict == "broadening"
    assert found.to_json()["reach"][0] == {
        "principal": TOOLING,
        "role": ADMIN,
        "via": [DEPLOY],
        "before": None,
        "after": [[]],
    }
    assert f"+ {KIM} → {TOOLING} → {DEPLOY} → {ADMIN}: always" in markdown(found)


def test_the_reverse_closes_them() -> None:
    found = diff(estate_of(OPEN), estate_of(CLOSED))
    assert found.verdict == "narrowing"
    assert {(each.principal, each.role, each.opens) for each in found.reach} >= {(KIM, ADMIN, False)}
    assert "through it 3 principals no longer reach 2 roles" in found.changes[0].why
    assert diff(estate_of(OPEN), estate_of(OPEN)).reach == ()


def test_a_way_next_to_a_path_shows_the_conditions_of_the_path() -> None:
    mfa = _trust({"AWS": KIM}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    before, after = (
        _world(*deployers, admin=(mfa,))
        for deployers in ([_trust({"AWS": "333333333333"})], [_trust({"AWS": ["333333333333", TOOLING]})])
    )
    (reach,) = [
        each for each in diff(estate_of(before), estate_of(after)).reach if (each.principal, each.role) == (KIM, ADMIN)
    ]
    assert reach.before is not None
    assert [hop.atom.key for conditions in reach.before for hop in conditions] == ["aws:MultiFactorAuthPresent"]
    assert reach.after == ((),)


def test_a_way_that_gives_way_to_a_path_is_not_closed() -> None:
    direct = _world(_trust({"AWS": ["333333333333", TOOLING]}), admin=(_trust({"AWS": KIM}),))
    assert [each for each in diff(estate_of(OPEN), estate_of(direct)).reach if each.principal == KIM] == []


def test_a_service_that_may_run_as_a_role_is_a_start() -> None:
    running = _world(_trust({"AWS": "333333333333"}), _trust({"Service": "lambda.amazonaws.com"}))
    (reach,) = diff(estate_of(CLOSED), estate_of(running)).reach
    assert (reach.principal, reach.via, reach.role) == ("lambda.amazonaws.com", (DEPLOY,), ADMIN)
