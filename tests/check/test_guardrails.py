"""The policy pack without the engine: its policies, their levels, what they report, and what is excepted."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from crossaccount.check.resources import KINDS

PACK = Path(__file__).parents[2] / "guardrails" / "__main__.py"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ROLE = "urn:pulumi:dev::mine::aws:iam/role:Role::Release"
PROVIDER = "urn:pulumi:dev::mine::pulumi:providers:aws::default"


class Wrapped(Mapping[str, Any]):
    """As the SDK hands properties over: what is not known yet cannot be read, but for the wrapped value as a whole."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        self._target = target

    def __getitem__(self, key: str) -> Any:
        if key == "__target":
            return self._target
        assert self._target[key] != UNKNOWN, "the SDK raises an error here"
        return self._target[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._target)

    def __len__(self) -> int:
        return len(self._target)


class Level(Enum):
    MANDATORY = "mandatory"
    ADVISORY = "advisory"


class Severity(Enum):
    HIGH = "high"
    MEDIUM = "medium"


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> dict[str, SimpleNamespace]:
    """The policies by name, as the pack gives them to the SDK."""
    made: list[Sequence[SimpleNamespace]] = []
    sdk, proxy = ModuleType("pulumi_policy"), ModuleType("pulumi_policy.proxy")

    def policy(
        name: str, description: str, validate: Callable[..., None], level: Level, schema: Any, **more: Any
    ) -> Any:
        return SimpleNamespace(
            name=name, description=description, validate=validate, level=level, schema=schema, **more
        )

    for name in ("ARCHIVE", "ARRAY", "ASSET", "BOOLEAN", "NUMBER", "OBJECT", "STRING"):
        setattr(proxy, f"UNKNOWN_{name}_VALUE", UNKNOWN if name == "STRING" else f"unknown {name}")
    for name, value in {
        "EnforcementLevel": Level,
        "Severity": Severity,
        "PolicyConfigSchema": SimpleNamespace,
        "PolicyPack": lambda _, policies: made.append(policies),
        "ReportViolation": object,
        "StackValidationArgs": object,
        "StackValidationPolicy": policy,
    }.items():
        setattr(sdk, name, value)
    sdk.PolicyConfigSchema = lambda properties: properties  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pulumi_policy", sdk)
    monkeypatch.setitem(sys.modules, "pulumi_policy.proxy", proxy)
    runpy.run_path(str(PACK), run_name="__main__")
    return {each.name: each for each in made[0]}


def _args(trust: Any, *, config: Mapping[str, Any] | None = None) -> SimpleNamespace:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trust}],
    }
    provider = SimpleNamespace(
        urn=PROVIDER, resource_type="pulumi:providers:aws", props=Wrapped({"allowedAccountIds": '["111111111111"]'})
    )
    props = Wrapped({"name": "Release", "assumeRolePolicy": json.dumps(document), "arn": UNKNOWN})
    role = SimpleNamespace(
        urn=ROLE, resource_type="aws:iam/role:Role", props=props, provider=provider, property_dependencies={}
    )
    return SimpleNamespace(resources=[role], get_config=lambda: config or {})


def _reported(policy: SimpleNamespace, args: SimpleNamespace) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    policy.validate(args, lambda message, urn=None: found.append((message, urn)))
    return found


def test_each_finding_of_resources_is_a_policy_with_its_code_and_level(pack: dict[str, SimpleNamespace]) -> None:
    assert pack.keys() == {kind.code for kind in KINDS}
    for kind in KINDS:
        assert pack[kind.code].level is (Level.MANDATORY if kind.severity == "error" else Level.ADVISORY)
        assert pack[kind.code].remediation_steps == kind.fix


def test_a_policy_reports_its_own_finding_at_the_resource(pack: dict[str, SimpleNamespace]) -> None:
    args = _args({"AWS": "arn:aws:iam::444444444444:root"})
    [(message, urn)] = _reported(pack["XA107"], args)
    assert message.startswith(
        "arn:aws:iam::111111111111:role/Release trust policy Statement[0].Principal: trusts account"
    )
    assert urn == ROLE
    assert _reported(pack["XA205"], args) == []


@pytest.mark.parametrize("pattern", ["Rel*", "*::Release", "arn:aws:iam::111111111111:role/Release *"])
def test_an_exception_fits_a_urn_a_name_or_a_place(pack: dict[str, SimpleNamespace], pattern: str) -> None:
    trust = {"AWS": "arn:aws:iam::444444444444:root"}
    assert _reported(pack["XA107"], _args(trust, config={"except": [pattern]})) == []
    assert _reported(pack["XA107"], _args(trust, config={"except": ["Other*"]})) != []


def test_accounts_of_a_file_are_ours(
    pack: dict[str, SimpleNamespace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "accounts.yaml"
    file.write_text('workload: {id: "444444444444"}\n')
    monkeypatch.setenv("CROSSACCOUNT_ACCOUNTS", str(file))
    assert _reported(pack["XA107"], _args({"AWS": "arn:aws:iam::444444444444:root"})) == []
