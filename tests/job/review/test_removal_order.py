"""Who names an ARN changes before that ARN disappears: the graph of steps, without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.job.review.order import (
    Account,
    Restricting,
    Step,
    Transition,
    account_of,
    disappearing_and_named,
    urns_of,
    with_control_policies,
    with_removals,
)

ONE, TWO = "arn:aws:iam::111111111111:role/one", "arn:aws:iam::111111111111:role/two"
DEPLOY = "arn:aws:iam::222222222222:role/deploy"
AUDIT = "arn:aws:iam::222222222222:role/audit"


def _account(*has: str, trusts: Mapping[str, str] = {}, grants: Mapping[str, str] = {}) -> Account:
    """An account; ``trusts`` and ``grants`` say by entity which one ARN it names."""
    entities = frozenset((*has, *trusts, *grants))
    return Account(
        entities,
        {arn: frozenset((named,)) for arn, named in trusts.items()},
        {arn: frozenset((named,)) for arn, named in grants.items()},
    )


def _order(reads: Mapping[str, tuple[str, ...]], **transitions: Transition) -> dict[str, list[str]]:
    """By step: what it waits for."""
    steps = [Step(name, frozenset(read)) for name, read in reads.items()]
    return {step.key: sorted(step.after) for step in with_removals(steps, transitions)}


READS = {"auth": (), "work": ("auth",)}


def test_without_removals_the_reader_waits() -> None:
    grown = Transition(_account(ONE), _account(ONE, TWO))
    assert _order(READS, auth=grown) == {"auth": [], "work": ["auth"]}


def test_a_trust_lets_go_before_its_principal_goes() -> None:
    auth = Transition(_account(ONE, TWO), _account(TWO))
    work = Transition(_account(trusts={DEPLOY: ONE}), _account(trusts={DEPLOY: TWO}))
    assert _order(READS, auth=auth, work=work) == {"auth": ["work"], "work": []}


def test_a_trust_that_moves_to_a_new_principal_comes_between_two_steps_of_the_other() -> None:
    auth = Transition(_account(ONE), _account(TWO))
    work = Transition(_account(trusts={DEPLOY: ONE}), _account(trusts={DEPLOY: TWO}))
    assert _order(READS, auth=auth, work=work) == {
        "auth:additions": [],
        "auth": ["auth:additions", "work"],
        "work": ["auth:additions"],
    }
    steps = [Step("auth"), Step("work", frozenset(["auth"]))]
    changes = {"auth": auth, "work": work}
    assert disappearing_and_named(steps, changes, "auth") == {ONE}
    assert with_removals(steps, changes, divide=False) == steps


def test_a_trust_that_keeps_naming_what_goes_changes_nothing_in_the_order() -> None:
    auth = Transition(_account(ONE), _account())
    work = Transition(_account(trusts={DEPLOY: ONE}), _account(trusts={DEPLOY: ONE}))
    assert _order(READS, auth=auth, work=work) == {"auth": [], "work": ["auth"]}


def test_a_grant_lets_go_before_the_role_goes() -> None:
    auth = Transition(_account(grants={ONE: DEPLOY}), _account(ONE))
    work = Transition(_account(DEPLOY, AUDIT), _account(AUDIT))
    assert _order({"auth": ("work",), "work": ()}, auth=auth, work=work) == {"auth": [], "work": ["auth"]}


def test_a_role_that_goes_together_with_its_caller_goes_first() -> None:
    auth = Transition(_account(grants={ONE: DEPLOY}), _account())
    work = Transition(_account(trusts={DEPLOY: ONE}), _account())
    assert _order(READS, auth=auth, work=work) == {"auth": ["work"], "work": []}


def test_what_only_moves_to_another_path_is_made_in_one_go() -> None:
    moved = ONE.replace("role/one", "role/team/one")
    auth = Transition(_account(ONE), _account(moved))
    work = Transition(_account(trusts={DEPLOY: ONE}), _account(trusts={DEPLOY: moved}))
    assert _order(READS, auth=auth, work=work) == {"auth": [], "work": ["auth"]}


def test_many_readers_each_let_go_first() -> None:
    reads: dict[str, tuple[str, ...]] = {"auth": (), **{f"work-{n}": ("auth",) for n in range(3)}}
    gone = Transition(_account(trusts={DEPLOY: ONE}), _account(DEPLOY))
    order = _order(reads, auth=Transition(_account(ONE), _account()), **{"work-0": gone, "work-1": gone})
    assert order == {"auth": ["work-0", "work-1"], "work-0": [], "work-1": [], "work-2": ["auth"]}


def test_a_reader_of_a_reader_that_has_to_be_first_divides_the_one_that_waits() -> None:
    """auth ← middle ← last: ``last`` names what goes from ``auth``, and waits for ``middle``, which waits for it."""
    auth = Transition(_account(ONE), _account())
    last = Transition(_account(trusts={DEPLOY: ONE}), _account(DEPLOY))
    assert _order({"auth": (), "middle": ("auth",), "last": ("middle",)}, auth=auth, last=last) == {
        "auth:additions": [],
        "auth": ["auth:additions", "last"],
        "middle": ["auth:additions"],
        "last": ["middle"],
    }


def test_roles_that_trust_each_other_and_go_together_still_go() -> None:
    auth = Transition(_account(trusts={ONE: DEPLOY}), _account())
    work = Transition(_account(trusts={DEPLOY: ONE}), _account())
    order = _order({"auth": (), "work": ()}, auth=auth, work=work)
    assert set(order) >= {"auth", "work"}


ARNS = [f"arn:aws:iam::{account}:role/r{n}" for account in (1, 2, 3) for n in range(2)]
accounts = st.builds(
    lambda has, named: _account(*has, trusts=dict(named[:2]), grants=dict(named[2:])),
    st.lists(st.sampled_from(ARNS), max_size=4),
    st.lists(st.tuples(st.sampled_from(ARNS), st.sampled_from(ARNS)), max_size=4),
)


@given(st.fixed_dictionaries({name: st.builds(Transition, accounts, accounts) for name in "abc"}))
def test_every_order_can_be_walked_and_has_every_stack_last_without_a_label(changes: dict[str, Transition]) -> None:
    steps = [Step("a"), Step("b", frozenset("a")), Step("c", frozenset("ab"))]
    found = with_removals(steps, changes)
    done: set[str] = set()
    waiting = {step.key: step for step in found}
    while ready := [key for key, step in waiting.items() if step.after <= done]:
        done |= set(ready)
        waiting = {key: step for key, step in waiting.items() if key not in done}
    assert not waiting
    assert {"a", "b", "c"} <= done


def test_an_account_says_what_it_has_and_names() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": [ONE, "arn:aws:iam::111111111111:root"]}}
    grant = {"Statement": [{"Action": "sts:AssumeRole", "Resource": AUDIT}, {"Resource": "arn:aws:s3:::bucket"}]}
    role = {
        "Arn": DEPLOY,
        "AssumeRolePolicyDocument": {"Statement": [statement]},
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": grant}],
        "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        "PermissionsBoundary": {"PermissionsBoundaryArn": TWO},
    }
    found = account_of({"RoleDetailList": [role]})
    assert found.has == {DEPLOY}
    assert found.trusts[DEPLOY] == {ONE, "arn:aws:iam::111111111111:root"}
    assert found.grants[DEPLOY] == {AUDIT}


@pytest.mark.parametrize("arns", [{ONE}, {ONE, AUDIT}])
def test_what_belongs_to_an_entity_is_left_with_it(arns: set[str]) -> None:
    def resource(urn: str, arn: str = "", parent: str = "stack") -> dict[str, Any]:
        return {"urn": urn, "parent": parent, "outputs": {"arn": arn} if arn else {}}

    resources = [
        resource("one", ONE),
        resource("two", TWO),
        resource("one-inline", parent="one"),
        resource("one-inline-exclusive", parent="one-inline"),
        resource("two-inline", parent="two"),
    ]
    assert urns_of(arns, {"resources": resources}) == ("one", "one-inline", "one-inline-exclusive")


def _after(steps: list[Step]) -> dict[str, set[str]]:
    return {step.key: set(step.after) for step in steps}


OTHERS = [Step("build"), Step("people", frozenset({"build"})), Step("top")]


def test_what_restricts_comes_last_and_what_allows_more_first() -> None:
    narrower = with_control_policies(OTHERS, {"top": Restricting(False, frozenset({"urn:deny"}), True)})
    assert _after(narrower) == {"build": set(), "people": {"build"}, "top": {"build", "people"}}
    wider = with_control_policies(OTHERS, {"top": Restricting(True, frozenset(), True)})
    assert _after(wider) == {"build": {"top"}, "people": {"build", "top"}, "top": set()}
    assert with_control_policies(OTHERS, {"top": Restricting(False, frozenset(), True)}) == OTHERS


def test_what_does_both_takes_two_steps_and_in_one_step_it_restricts_last() -> None:
    both = {"top": Restricting(True, frozenset({"urn:deny"}), True)}
    steps = with_control_policies(OTHERS, both)
    assert _after(steps) == {
        "build": {"top:wider"},
        "people": {"build", "top:wider"},
        "top:wider": set(),
        "top": {"build", "people", "top:wider"},
    }
    assert next(step for step in steps if step.label).exclude == ("urn:deny",)
    once = {"build": set(), "people": {"build"}, "top": {"build", "people"}}
    assert _after(with_control_policies(OTHERS, both, divide=False)) == once
    new = {"top": Restricting(True, frozenset({"urn:deny"}), False)}
    assert _after(with_control_policies(OTHERS, new)) == once, "a first update leaves nothing out"


def test_who_reads_the_management_account_still_comes_after_it() -> None:
    steps = [Step("top"), Step("people", frozenset({"top"})), Step("build")]
    found = _after(with_control_policies(steps, {"top": Restricting(False, frozenset({"urn:deny"}), True)}))
    assert found == {"top": {"build"}, "people": {"top"}, "build": set()}
    upstream = [Step("build"), Step("top", frozenset({"build"})), Step("people")]
    wider = _after(with_control_policies(upstream, {"top": Restricting(True, frozenset(), True)}))
    assert wider == {"build": set(), "top": {"build"}, "people": {"top"}}
