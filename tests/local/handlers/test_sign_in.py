"""The alias and the password policy of an account: made, read, changed, and gone."""

from __future__ import annotations

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS
from crossaccount.local.handlers.handler import changes

ALIAS = HANDLERS["aws:iam/accountAlias:AccountAlias"]
POLICY = HANDLERS["aws:iam/accountPasswordPolicy:AccountPasswordPolicy"]


def test_an_alias_is_made_read_and_deleted(root: Aws) -> None:
    id, state = ALIAS.create(root, ALIAS.check({"accountAlias": "acme-people"}))
    assert (id, state) == ("acme-people", {"accountAlias": "acme-people"})
    assert root.iam.list_account_aliases()["AccountAliases"] == ["acme-people"]
    assert [each.replaces for each in changes(ALIAS, state, {"accountAlias": "acme-staff"})] == [True]
    ALIAS.delete(root, id, state)
    assert ALIAS.read(root, id, state) is None
    ALIAS.delete(root, id, state)


def test_a_password_policy_is_one_for_the_account(root: Aws) -> None:
    inputs = POLICY.check(
        {"minimumPasswordLength": 14, "requireSymbols": True, "hardExpiry": False, "maxPasswordAge": 90}
    )
    id, state = POLICY.create(root, inputs)
    found = root.iam.get_account_password_policy()["PasswordPolicy"]
    assert (found["MinimumPasswordLength"], found["RequireSymbols"]) == (14, True)
    assert changes(POLICY, state, inputs) == [], "what AWS sets by itself is no change"

    root.iam.update_account_password_policy(MinimumPasswordLength=6, RequireSymbols=False)
    read = POLICY.read(root, id, state)
    assert read is not None
    assert {each.path for each in changes(POLICY, read[2], inputs)} >= {"minimumPasswordLength", "requireSymbols"}
    state = POLICY.update(root, id, read[2], inputs)
    assert (state["minimumPasswordLength"], state["requireSymbols"]) == (14, True)

    POLICY.delete(root, id, state)
    assert POLICY.read(root, id, state) is None
    POLICY.delete(root, id, state)
