"""Programs with anything in any place: they are read or refused in words, and nothing else happens."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crossaccount.settings.yaml_text import parse_tagged_yaml
from crossaccount.sources import SourceError, Sources
from crossaccount.sources.programs.template import short_form

HERE = Path(__file__).parent
Read = Callable[..., Sources]
SEEDS = {
    "terraform/kinds/plan.json": "terraform",
    "terraform/modules/plan.json": "terraform",
    "terraform/changes/plan.json": "terraform",
    "terraform/changes/state.json": "terraform",
    "pulumi/preview.json": "preview",
    "pulumi/state.json": "state",
    "templates/kinds.yaml": "cloudformation",
}
JUNK: list[Any] = [
    *(None, True, 0, -1, 1.5, "", "x", [], {}, [None], [[]], [{}], {"a": None}, ["x"], 10**30, "a" * 300),
    *({"Ref": "x"}, {"Fn::Sub": "${"}, {"Fn::If": [1]}, "arn:", "arn:aws:iam::1:role/x"),
    {"references": ["module.x", "var.y", "data.aws_iam_policy_document.x.json"]},
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
]


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (*above, key)
        yield from places(each, (*above, key))


def changed(value: Any, chance: random.Random) -> Any:
    """A value with a few parts replaced, removed or put elsewhere."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice([1, 1, 2, 4])):
        *above, last = chance.choice(list(places(value)) or [(None,)])
        if last is None:
            break
        holder = value
        for key in above:
            holder = holder[key]
        if chance.random() < 0.2:
            holder.pop(last)
        else:
            holder[last] = copy.deepcopy(chance.choice(JUNK))
    return value


@pytest.mark.parametrize("file", SEEDS)
def test_no_part_of_another_kind_is_more_than_a_refusal(file: str, tmp_path: Path, read: Read) -> None:
    text = (HERE / file).read_text(encoding="utf-8")
    seed = json.loads(text) if file.endswith(".json") else parse_tagged_yaml(text, file, short_form)
    there = {"UserDetailList": [{"UserName": "bo", "Arn": "arn:aws:iam::111111111111:user/bo", "Path": "/"}]}
    (tmp_path / "there.json").write_text(json.dumps(there))
    chance, target = random.Random(file), tmp_path / "input.json"
    for _ in range(60):
        target.write_text(json.dumps(changed(seed, chance)))
        for source in (f"{SEEDS[file]}:{target}@111111111111", f"{tmp_path}/there.json+{SEEDS[file]}:{target}"):
            with suppress(SourceError):
                read(source).estate()


def nested(levels: int) -> dict[str, Any]:
    """A template whose outputs double each other's text, and whose conditions ask each other."""
    outputs = {"O0": {"Value": "x" * 100}}
    resources: dict[str, Any] = {"R0": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Ref": f"R{levels}"}}}}
    for level in range(1, levels + 1):
        twice = {"Fn::Sub": ["${a}${a}", {"a": {"Ref": f"R{level - 1}"}}]}
        resources[f"R{level}"] = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": twice}}
    return {"Resources": resources, "Outputs": outputs}


def loops(levels: int) -> dict[str, Any]:
    """A template whose loops within each other would be more resources than atoms."""
    many: list[Any] = [str(number) for number in range(50)]
    body: dict[str, Any] = {"R": {"Type": "AWS::IAM::User"}}
    for level in range(levels):
        body = {f"Fn::ForEach::L{level}": [f"v{level}", many, body]}
    return {"Resources": body}


def references(size: int) -> dict[str, Any]:
    """A plan whose modules refer to each other in a circle, with many references."""
    many = [f"module.m{number}.out" for number in range(size)]
    call = {
        "expressions": {"x": {"references": many[:1]}},
        "module": {"outputs": {"out": {"expression": {"references": ["var.x"]}}}},
    }
    resource = {
        "address": "aws_iam_user_policy_attachment.a",
        "type": "aws_iam_user_policy_attachment",
        "expressions": {"policy_arn": {"references": many[:1]}, "user": {"references": many}},
    }
    told = {"actions": ["create"], "before": None, "after": {}, "after_unknown": {"policy_arn": True, "user": True}}
    return {
        "format_version": "1.2",
        "resource_changes": [{**resource, "mode": "managed", "name": "a", "change": told}],
        "configuration": {
            "root_module": {"resources": [resource], "module_calls": {f"m{number}": call for number in range(size)}}
        },
    }


@pytest.mark.parametrize(
    ("kind", "content"),
    [("cloudformation", nested(60)), ("cloudformation", loops(12)), ("terraform", references(2000))],
    ids=["doubling", "loops", "references"],
)
def test_what_would_take_for_ever_ends(kind: str, content: Any, tmp_path: Path, read: Read) -> None:
    (tmp_path / "input.json").write_text(json.dumps(content))
    begun = time.monotonic()
    read(f"{kind}:{tmp_path}/input.json@111111111111")
    assert time.monotonic() - begun < 20


def test_a_manifest_cannot_make_us_read_what_is_outside_of_its_folder(
    tmp_path: Path, refused: Callable[..., list[str]]
) -> None:
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    (tmp_path / "secret.json").write_text('{"Resources": {}}')
    for name in ("../secret.json", str(tmp_path / "secret.json"), 1):
        stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": name}}
        (folder / "manifest.json").write_text(json.dumps({"artifacts": {"S": stack}}))
        (line,) = refused(f"cloudformation:{folder}@111111111111")
        assert "manifest.json names a file outside of its folder" in line
