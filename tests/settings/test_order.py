"""The order of deployment: each stack after those it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossaccount.settings import SettingsError, deployment_order, read_project

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def project(tmp_path):
    """A project of stacks with the accounts they read: ``project(a=["b"], b=[])``; ``stacks`` renames or drops them."""

    def write(stacks=None, **reads):
        names = {name: name for name in reads} | (stacks or {})
        accounts = ", ".join(
            f'{name}: {{id: "{number:012}", stack: {names[name]}}}' for number, name in enumerate(names, start=1)
        )
        text = f"name: demo\nconfig:\n  crossaccount:accounts: {{value: {{{accounts}}}}}\n"
        (tmp_path / "Pulumi.yaml").write_text(text, encoding="utf-8")
        for number, (name, read) in enumerate(reads.items(), start=1):
            config = (
                f'config:\n  crossaccount:account: {name}\n  aws:allowedAccountIds: ["{number:012}"]\n'
                f"  crossaccount:reads: [{', '.join(read)}]\n"
            )
            (tmp_path / f"Pulumi.{name}.yaml").write_text(config, encoding="utf-8")
        return read_project(tmp_path)

    return write


def refusal(project):
    with pytest.raises(SettingsError) as caught:
        deployment_order(project)
    return [str(problem) for problem in caught.value.problems]


def test_each_stack_comes_after_those_it_reads(project):
    assert deployment_order(project(a=["c"], b=["a"], c=[], d=[])) == ["c", "d", "a", "b"]


@pytest.mark.parametrize(
    ("example", "order"),
    [
        ("application", ["auth", "workload"]),
        ("cli-eight-steps", ["trusting", "trusted"]),
        ("environments", ["development", "production", "test", "source"]),
        ("deployer", ["b", "a"]),
        ("tutorial", ["production", "development"]),
    ],
)
def test_the_examples_are_deployed_in_the_order_of_their_reads(example, order):
    assert deployment_order(read_project(EXAMPLES / example)) == order


def test_a_cycle_is_named_with_the_line_to_drop(project):
    assert refusal(project(a=["b"], b=["c"], c=["a"], d=["a"])) == [
        "Pulumi.a.yaml: reads: stacks read each other in a circle: a → b → c → a; "
        "drop b there: what is not read is derived from account, path and name"
    ]


def test_a_stack_that_the_project_does_not_have_is_named(project):
    assert refusal(project(stacks={"other": "othre"}, a=["other"], other=[])) == [
        "Pulumi.a.yaml: reads[0]: the project has no stack othre, which manages other, "
        'got "other"; did you mean `other`?'
    ]


def test_stacks_of_other_projects_are_not_ours_to_order(project):
    assert deployment_order(project(stacks={"far": "acme/identity/far"}, a=["far"])) == ["a"]


def test_a_full_name_of_this_project_is_its_stack(project):
    assert deployment_order(project(stacks={"b": "acme/demo/b"}, a=["b"], b=[])) == ["b", "a"]


def test_what_is_wrong_in_any_stack_is_reported_first(project):
    assert refusal(project(a=["x"], b=["y"])) == [
        'Pulumi.a.yaml: reads[0]: is not in the address book, got "x"; add it to crossaccount:accounts',
        'Pulumi.b.yaml: reads[0]: is not in the address book, got "y"; add it to crossaccount:accounts',
    ]


def test_an_alias_is_of_one_account(project, tmp_path):
    project(a=[], b=[], c=[])
    for stack, alias in (("a", "acme"), ("b", "acme"), ("c", "acme-c")):
        with (tmp_path / f"Pulumi.{stack}.yaml").open("a", encoding="utf-8") as file:
            file.write(f"  crossaccount:sign_in: {{alias: {alias}}}\n")
    assert refusal(read_project(tmp_path)) == [
        'Pulumi.b.yaml: sign_in.alias: is the alias of a, b, and AWS has each alias once, got "acme"; '
        "give each account its own"
    ]
