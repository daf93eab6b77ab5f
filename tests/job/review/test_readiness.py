"""What is looked at before anything is touched, with neither an engine nor AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossaccount.engine.work import Outcome
from crossaccount.job.review.readiness import SignIn
from crossaccount.job.running.workers import Threads
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.stacks import Stacks
from tests.job.jobs import MemoryBackend, ScriptedEngine, deployed, write_project

URN = "urn:pulumi:hub::fleet::aws:iam/role:Role::hub-application-Slow"
PENDING = {"pending_operations": [{"type": "creating", "resource": {"urn": URN, "type": "aws:iam/role:Role"}}]}
ACCOUNTS = {"hub": "100000000000", "spoke": "100000000001"}


@dataclass
class Sts:
    """STS, for somebody in ``account``."""

    account: str

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.account}


def signed_in(accounts: dict[str, str]) -> SignIn:
    """Stacks sign in to these accounts; others cannot be known."""

    @contextmanager
    def sign_in(stack: str) -> Iterator[Callable[[str], Any]]:
        if stack not in accounts:
            raise NotReadable("aws:secretKey is encrypted")
        yield lambda _: Sts(accounts[stack])

    return sign_in


def _stacks(folder: Path, backend: MemoryBackend, sign_in: SignIn | None = None) -> tuple[Stacks, ScriptedEngine]:
    engine = ScriptedEngine()
    write_project(folder, {"hub": (), "spoke": ("hub",)})
    return Stacks(folder, engine, backend, sign_in=sign_in), engine


def test_an_open_creation_keeps_a_stack_from_being_updated_and_its_readers_wait(tmp_path: Path) -> None:
    backend = replace(deployed("hub", "spoke"), states={"hub": PENDING})
    stacks, engine = _stacks(tmp_path, backend)
    result = stacks.up()
    assert engine.asked == []
    hub, spoke = result.outcomes["hub"], result.outcomes["spoke"]
    assert (hub.status, hub.kind, hub.fix) == ("failed", "pending", "crossaccount up hub --recover")
    assert hub.error == (
        "an update was killed while it created Role hub-application-Slow: AWS may have it, but the state does not"
    )
    assert (spoke.status, spoke.error) == ("skipped", "hub failed")


def test_recover_goes_on_with_it(tmp_path: Path) -> None:
    stacks, engine = _stacks(tmp_path, replace(deployed("hub", "spoke"), states={"hub": PENDING}))
    assert stacks.up(recover=True, gone=["runner-17"]).ok
    assert [(work.recover, work.gone) for work in engine.asked] == [(True, ("runner-17",))] * 2


def test_what_may_exist_in_aws_alone_is_not_left_behind_by_a_destroy(tmp_path: Path) -> None:
    stacks, engine = _stacks(tmp_path, replace(deployed("hub"), states={"hub": PENDING}))
    outcome = stacks.destroy(["hub"], leave_readers=True).outcomes["hub"]
    assert (outcome.kind, outcome.fix) == ("pending", "crossaccount up hub --recover, then destroy it")
    assert engine.asked == []


@pytest.mark.parametrize("verb", ["refresh", "drift", "destroy", "up"])
def test_no_verb_gives_the_secrets_of_a_stack_to_another_key(tmp_path: Path, verb: str) -> None:
    provider = {"type": "passphrase", "state": {"salt": "v1:x"}}
    backend = replace(deployed("hub", "spoke"), states={"hub": {"secrets_providers": provider}})
    write_project(tmp_path, {"hub": (), "spoke": ("hub",)})
    file = tmp_path / "Pulumi.hub.yaml"
    file.write_text(f"secretsprovider: awskms://alias/x\n{file.read_text()}")
    engine = ScriptedEngine()
    result = getattr(Stacks(tmp_path, engine, backend), verb)()
    assert "its file changes who can read its secrets" in result.outcomes["hub"].error
    assert "hub" not in [work.stack for work in engine.asked]


@pytest.mark.parametrize("verb", ["refresh", "drift"])
def test_verbs_that_make_nothing_are_not_kept_from_it(tmp_path: Path, verb: str) -> None:
    stacks, engine = _stacks(tmp_path, replace(deployed("hub"), states={"hub": PENDING}))
    assert getattr(stacks, verb)(["hub"]).ok
    assert [work.stack for work in engine.asked] == ["hub"]


def test_where_somebody_holds_the_stack_the_engine_says_who(tmp_path: Path) -> None:
    backend = replace(deployed("hub"), states={"hub": PENDING})
    backend.known["hub"] = replace(backend.known["hub"], busy=True)
    stacks, engine = _stacks(tmp_path, backend)
    stacks.up(["hub"])
    assert [work.stack for work in engine.asked] == ["hub"]


def test_where_states_cost_a_call_only_stacks_with_access_keys_are_looked_at(tmp_path: Path) -> None:
    backend = replace(deployed("hub"), states={"hub": PENDING})
    backend.in_files = False
    stacks, engine = _stacks(tmp_path, backend)
    stacks.up(["hub"])
    assert [work.stack for work in engine.asked] == ["hub"]

    file = tmp_path / "Pulumi.hub.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["crossaccount:trusted"] = {"users": {"bo": {"access_key": {"store": "secretsmanager"}}}}
    file.write_text(yaml.safe_dump(content))
    outcome = Stacks(tmp_path, engine, backend).up(["hub"]).outcomes["hub"]
    assert outcome.kind == "pending"
    assert outcome.error.startswith("an update is under way or was killed while it created")
    assert outcome.fix == "wait for it; if it was killed: crossaccount up hub --recover"


@pytest.mark.parametrize("verb", ["up", "refresh", "drift", "destroy"])
def test_credentials_of_another_account_are_refused_and_other_stacks_go_on(tmp_path: Path, verb: str) -> None:
    sign_in = signed_in({"hub": ACCOUNTS["hub"], "spoke": "999999999999"})
    stacks, engine = _stacks(tmp_path, deployed("hub", "spoke"), sign_in)
    outcomes = getattr(stacks, verb)().outcomes
    assert outcomes["spoke"].kind == "account"
    assert outcomes["spoke"].error == (
        "the credentials belong to account 999999999999, but the stack is for account 100000000001; nothing of it is "
        "touched"
    )
    # A destroy goes readers first: what the refused one reads stays.
    assert [work.stack for work in engine.asked] == ([] if verb == "destroy" else ["hub"])


def test_credentials_that_cannot_be_known_here_are_left_to_the_providers_own_guard(tmp_path: Path) -> None:
    stacks, engine = _stacks(tmp_path, deployed("hub", "spoke"), signed_in({}))
    assert stacks.up().ok
    assert [work.stack for work in engine.asked] == ["hub", "spoke"]


def test_after_a_wrong_passphrase_no_other_stack_begins(tmp_path: Path) -> None:
    write_project(tmp_path, {"a": (), "b": (), "c": ()})
    wrong = Outcome("a", "failed", error="incorrect passphrase", kind="passphrase")
    engine = ScriptedEngine({"a": wrong})
    outcomes = Stacks(tmp_path, engine, MemoryBackend(), workers=Threads(1)).up().outcomes
    assert [work.stack for work in engine.asked] == ["a"]
    assert {name: each.error for name, each in outcomes.items() if each.status == "skipped"} == {
        "b": "the passphrase is wrong, as a shows",
        "c": "the passphrase is wrong, as a shows",
    }


def test_what_a_stack_reads_and_this_job_changed_is_fresh(tmp_path: Path) -> None:
    engine = ScriptedEngine({"hub": Outcome("hub", "changed")})
    write_project(tmp_path, {"hub": (), "spoke": ("hub",), "other": ()})
    Stacks(tmp_path, engine, MemoryBackend()).up()
    assert {work.stack: work.fresh for work in engine.asked} == {"hub": False, "spoke": True, "other": False}


STORE = {"store": "secretsmanager"}


def _with_keys(folder: Path, deployed_keys: list[str], declared: list[str]) -> Outcome:
    """How the update of a stack ends whose user had these access keys, and has others now."""
    type_ = "aws:iam/accessKey:AccessKey"
    urn = f"urn:pulumi:hub::fleet::{type_}::hub-user-bo-access-key"
    resources = [{"urn": f"{urn}-{key}", "type": type_, "inputs": {"user": "bo"}} for key in deployed_keys]
    backend = replace(deployed("hub"), states={"hub": {"resources": resources}})
    _, engine = _stacks(folder, backend)
    file = folder / "Pulumi.hub.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["crossaccount:trusted"] = {"users": {"bo": {"access_keys": dict.fromkeys(declared, STORE)}}}
    file.write_text(yaml.safe_dump(content))
    return Stacks(folder, engine, backend).up(["hub"]).outcomes["hub"]


def test_an_update_that_would_make_a_third_access_key_is_refused(tmp_path: Path) -> None:
    """Pulumi creates before it deletes: AWS would refuse the key, in every later update as well."""
    outcome = _with_keys(tmp_path, ["a", "b"], ["b", "c"])
    assert (outcome.status, outcome.kind) == ("failed", "review")
    assert outcome.error == (
        "user bo would have more than 2 access keys: the update creates access_keys.c before it deletes access_keys.a"
    )
    assert outcome.fix == "leave out access_keys.c in one `up`, then add it"


@pytest.mark.parametrize(
    ("deployed_keys", "declared"), [("a", "ab"), ("ab", "b"), ("a", "b"), ("ab", "ab"), ("", "ab")]
)
def test_every_step_of_a_rotation_has_room(tmp_path: Path, deployed_keys: str, declared: str) -> None:
    outcome = _with_keys(tmp_path, list(deployed_keys), list(declared))
    assert (outcome.status, outcome.error) == ("unchanged", "")
