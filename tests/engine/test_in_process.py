"""The in-process engine: what a program declared comes out, and a failed run harms no later one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import resource as declarations
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from crossaccount.engine.deployment import Deployment, DeploymentError, Stack
from crossaccount.engine.in_process import config_text, plain, run_in_process

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


class _Answers(Mocks):
    """Every resource gets an ID, and what it was given; ``Broken`` fails."""

    def call(self, args: MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.name == "Broken":
            raise LookupError("no such thing")
        return f"id of {args.name}", {**args.inputs, "made": True}


class _Thing(pulumi.CustomResource):
    def __init__(self, name: str, properties: dict[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Thing", name, {"made": None, **properties}, opts)


class _Group(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Group", name)
        _Thing("child", {}, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"inside": "group"})


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Deployment]:
    """Run a program as a stack."""

    def run(program: Callable[[], None], preview: bool = False, **config: Any) -> Deployment:
        stack = Stack("project", "stack", {f"test:{key}": value for key, value in config.items()}, tmp_path)
        return run_in_process(stack, program, _Answers(), preview=preview)

    return run


Run = Callable[..., Deployment]


def test_a_resource_has_its_inputs_its_id_and_what_was_answered(run: Run) -> None:
    made = next(run(lambda: _Thing("a", {"size": "large"}) and None).of_type("test:index:Thing"))
    assert (made.name, made.id) == ("a", "id of a")
    assert made.urn == "urn:pulumi:stack::project::pulumi:pulumi:Stack$test:index:Thing::a"
    assert made.inputs == {"size": "large"}
    assert made.outputs == {"size": "large", "made": True}


def test_exports_are_the_outputs(run: Run) -> None:
    def program() -> None:
        pulumi.export("text", "a")
        pulumi.export("nested", {"list": [1, 2.5], "of": {"flag": True}})
        pulumi.export("answered", _Thing("a", {}).id)

    assert run(program).outputs == {
        "text": "a",
        "nested": {"list": [1, 2.5], "of": {"flag": True}},
        "answered": "id of a",
    }


def test_whole_numbers_stay_whole(run: Run) -> None:
    """The engine's wire knows only fractions; ``1.0`` is no version."""
    deployed = run(lambda: pulumi.export("version", 1))
    assert isinstance(deployed.outputs["version"], int)


def test_a_component_and_its_children_are_recorded(run: Run) -> None:
    deployed = run(lambda: _Group("g") and None)
    assert [each.name for each in deployed.resources] == ["g", "child"]


def test_the_outputs_of_a_component_are_not_the_stacks(run: Run) -> None:
    assert run(lambda: _Group("g") and None).outputs == {}


def test_secrets_come_out_in_plain(run: Run) -> None:
    """A recording and a rehearsal need them, and keep no state."""

    def program() -> None:
        _Thing("a", {"password": pulumi.Output.secret("p")})
        pulumi.export("secret", pulumi.Output.secret("s"))

    deployed = run(program)
    assert next(deployed.of_type("test:index:Thing")).inputs == {"password": "p"}
    assert deployed.outputs == {"secret": "s"}


def test_a_program_knows_its_stack(run: Run, tmp_path: Path) -> None:
    def program() -> None:
        pulumi.export("names", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
        pulumi.export("root", pulumi.get_root_directory())
        pulumi.export("config", [pulumi.Config("test").require("a"), pulumi.Config("test").require_object("b")])

    assert run(program, a="text", b={"c": [1]}).outputs == {
        "names": ["organization", "project", "stack"],
        "root": str(tmp_path),
        "config": ["text", {"c": [1]}],
    }


@pytest.mark.parametrize("preview", [True, False])
def test_a_program_knows_whether_it_is_a_preview(run: Run, preview: bool) -> None:
    assert run(lambda: pulumi.export("dry", pulumi.runtime.is_dry_run()), preview).outputs == {"dry": preview}


def test_runs_know_nothing_of_each_other(run: Run) -> None:
    run(lambda: _Thing("a", {}) and None, a="first")
    later = run(lambda: pulumi.export("a", pulumi.Config("test").get("a")), b="second")
    assert (later.resources, later.outputs) == ((), {})


def test_what_a_program_says_to_its_user_is_kept(run: Run) -> None:
    def program() -> None:
        pulumi.log.debug("noise")
        pulumi.log.info("so you know")
        pulumi.log.warn("careful")
        pulumi.log.error("this is wrong, and I go on")

    assert run(program).messages == ("so you know", "careful", "this is wrong, and I go on")


def test_a_refusal_is_its_lines_and_nothing_else(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    def program() -> None:
        raise pulumi.RunError("first line\nsecond line")

    with pytest.raises(DeploymentError) as failed:
        run(program)
    assert (str(failed.value), failed.value.stack) == ("first line\nsecond line", "stack")
    assert capfd.readouterr() == ("", "")


def test_what_was_reported_before_a_failure_comes_first(run: Run) -> None:
    def program() -> None:
        pulumi.log.error("the stack was never deployed")
        raise LookupError("unknown stack")

    with pytest.raises(DeploymentError) as failed:
        run(program)
    assert str(failed.value) == "the stack was never deployed\nLookupError: unknown stack"


def test_a_resource_that_fails_fails_the_run(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DeploymentError, match="LookupError: no such thing"):
        run(lambda: _Thing("Broken", {}) and None)
    assert capfd.readouterr() == ("", "")


def test_two_resources_of_one_name_are_refused_as_the_engine_refuses_them(run: Run) -> None:
    def program() -> None:
        _Thing("a", {"size": "large"})
        _Thing("a", {"size": "small"})

    with pytest.raises(DeploymentError, match=r"Duplicate resource URN 'urn:pulumi:stack::project::.*Thing::a'"):
        run(program)


@pytest.mark.parametrize("times", [3])
def test_a_failed_run_does_not_hold_up_the_next(run: Run, times: int) -> None:
    def fails() -> None:
        waits = _Thing("Broken", {}).id.apply(lambda known: _Thing(known, {}).id)
        pulumi.export("never", waits)

    for _ in range(times):
        with pytest.raises(DeploymentError):
            run(fails)
        assert run(lambda: _Thing("a", {}) and None).resources


def test_an_interrupt_passes_through_and_harms_no_later_run(run: Run) -> None:
    def interrupted() -> None:
        _Thing("a", {})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(interrupted)
    assert run(lambda: _Thing("b", {}) and None).resources


def test_no_thread_is_left_behind(run: Run) -> None:
    before = threading.active_count()
    run(lambda: _Thing("a", {}) and None)
    assert threading.active_count() == before


def test_a_run_does_not_look_through_the_tasks_of_earlier_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command switches the garbage collector off: the tasks of a thousand stacks are all still there."""
    visited = []
    monkeypatch.setattr(asyncio, "all_tasks", lambda loop=None: visited.append(loop) or set())
    assert run(lambda: _Thing("A", {})).resources
    with pytest.raises(DeploymentError):
        run(lambda: _Thing("Broken", {}))
    assert visited == []


def test_no_call_stack_is_read_and_the_sdk_is_left_as_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading every frame for each resource took a third of a run. The function is private: this test names it."""
    read = []
    own = declarations._get_stack_trace
    monkeypatch.setattr(declarations, "_get_stack_trace", lambda: read.append("a call stack") or own())
    replaced = declarations._get_stack_trace
    made = run(lambda: _Thing("a", {}) and None)
    assert [each.name for each in made.of_type("test:index:Thing")] == ["a"]
    with pytest.raises(DeploymentError):
        run(lambda: _Thing("Broken", {}) and None)
    assert read == []
    assert declarations._get_stack_trace is replaced


@pytest.mark.parametrize(
    ("value", "opened"),
    [
        ({**SECRET, "value": "p"}, "p"),
        ({**SECRET, "value": {"a": {**SECRET, "value": "p"}}}, {"a": "p"}),
        ([{"a": {**SECRET, "value": ["p"]}}], [{"a": ["p"]}]),
        ({"value": "p"}, {"value": "p"}),
        (3.0, 3),
        (2.5, 2.5),
        (True, True),
        (None, None),
    ],
)
def test_plain_opens_every_envelope(value: Any, opened: Any) -> None:
    assert plain(value) == opened
    assert type(plain(value)) is type(opened)


@pytest.mark.parametrize(
    ("value", "text"), [("auth", "auth"), (True, "true"), (5, "5"), (["a"], '["a"]'), ({"a": 1}, '{"a": 1}')]
)
def test_config_is_handed_over_as_pulumi_does(value: Any, text: str) -> None:
    assert config_text(value) == text
