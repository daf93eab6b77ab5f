"""One CloudFormation template: parameters, mappings, conditions, and the values of its functions, as far as known.

Values that only a deployment makes known are :class:`Unknown`: a parameter without a value, an import, an attribute
that AWS chooses, a dynamic reference. A text with an unknown part is unknown as a whole. The value of an unsupported
function is unknown too. Nothing is fetched: neither transforms nor templates by URL.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.arn import entity_arn
from crossaccount.local.arns import arn_of
from crossaccount.sources.programs.drafts import Unknown
from crossaccount.sources.programs.native import entity_type

NO_VALUE = object()
"""The value of ``AWS::NoValue``: the property is left out."""
UNNAMED = "0000000"
_VARIABLE = re.compile(r"\$\{([^}!][^}]*)\}|\$\{!([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
_KINDS = {
    "Role": "role",
    "User": "user",
    "Group": "group",
    "ManagedPolicy": "policy",
    "InstanceProfile": "instance-profile",
}
_BY_NAME = {
    "AWS::S3::Bucket": ("aws:s3/bucket:Bucket", "BucketName", "bucket"),
    "AWS::SQS::Queue": ("aws:sqs/queue:Queue", "QueueName", "name"),
    "AWS::SNS::Topic": ("aws:sns/topic:Topic", "TopicName", "name"),
    "AWS::Lambda::Function": ("aws:lambda/function:Function", "FunctionName", "name"),
    "AWS::DynamoDB::Table": ("aws:dynamodb/table:Table", "TableName", "name"),
}
"""Other resources whose name gives their ARN: Pulumi's type, the property, and Pulumi's name for it."""
_REF_IS_NAME = ("AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
_ARN_ATTRIBUTES = ("Arn", "TopicArn")
_MOST_STEPS = 2_000_000
_LOOP = 200
_MOST_DEPTH = 150
_LONGEST = 1024 * 1024
"""Limits of one source: evaluated values, nested functions, and characters of a text.

Beyond them every value is unknown. A template has at most 500 resources and 1 MiB.
"""


@dataclass
class Budget:
    """The remaining limits of the templates of one source."""

    steps: int = _MOST_STEPS
    depth: int = 0


@dataclass(frozen=True)
class Environment:
    """The account, region and stack of a template. An empty value is not known."""

    account: str = ""
    region: str = ""
    partition: str = "aws"
    stack: str = ""


Import = Callable[[str], Any]
"""The value of an export, by name."""
Nested = Callable[[str, str], Any]
"""An output of a nested stack: by the logical ID of the stack and the output's name."""


def _nothing(*_: str) -> Any:
    return Unknown()


@dataclass
class Template:
    """A template with the values of its parameters. ``prefix`` begins the names that AWS would generate."""

    data: Mapping[str, Any]
    environment: Environment
    parameters: Mapping[str, Any] = field(default_factory=dict)
    imported: Import = _nothing
    nested: Nested = _nothing
    prefix: str = ""
    _listed: dict[str, Mapping[str, Any]] | None = None
    _open: set[tuple[str, str]] = field(default_factory=set)
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    without_value: dict[str, None] = field(default_factory=dict)
    """Parameters that were read and have no value, in the order of reading."""

    def section(self, name: str) -> Mapping[str, Any]:
        """A section, empty where the template has none of the name."""
        found = self.data.get(name)
        return found if isinstance(found, Mapping) else {}

    def resources(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every resource by its logical ID, with those that ``Fn::ForEach`` makes."""
        if self._listed is None:
            self._listed = dict(self._expanded(self.section("Resources"), {}))
        yield from self._listed.items()

    def _expanded(self, resources: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        for name, resource in resources.items():
            if str(name).startswith("Fn::ForEach::") and isinstance(resource, list) and len(resource) == 3:
                identifier, collection, body = resource
                listed = self.value(_replaced(collection, values))
                for each in listed if isinstance(listed, list) and isinstance(body, Mapping) else ():
                    self.budget.steps -= _LOOP
                    if isinstance(each, str) and self.budget.steps > 0:
                        yield from self._expanded(body, {**values, str(identifier): each})
            elif isinstance(resource, Mapping):
                yield str(_replaced(name, values)), _replaced(resource, values)

    def exists(self, resource: Mapping[str, Any]) -> bool | None:
        """Whether a resource is made; None where its condition is not known."""
        name = resource.get("Condition")
        return self.condition(name) if isinstance(name, str) else True

    def condition(self, name: str) -> bool | None:
        """Whether a condition of the template holds; None where that is not known."""
        found = self._once("condition", name, lambda: self._truth(self.section("Conditions").get(name)))
        return found if isinstance(found, bool) else None

    def _truth(self, value: Any) -> bool | Unknown:
        if isinstance(value, Mapping) and len(value) == 1:
            ((key, inner),) = value.items()
            if key == "Condition":
                found = self.condition(str(inner))
                return Unknown() if found is None else found
            if key == "Fn::Equals" and isinstance(inner, list) and len(inner) == 2:
                one, other = (self.value(each) for each in inner)
                return Unknown() if _is_unknown(one) or _is_unknown(other) else _text(one) == _text(other)
            if key == "Fn::Not" and isinstance(inner, list) and len(inner) == 1:
                answer = self._truth(inner[0])
                return answer if isinstance(answer, Unknown) else not answer
            if key in ("Fn::And", "Fn::Or") and isinstance(inner, list):
                return _joined([self._truth(each) for each in inner], any_of=key == "Fn::Or")
        found = self.value(value)
        if isinstance(found, bool):
            return found
        return {"true": True, "false": False}.get(str(found).lower(), Unknown())

    def _once(self, kind: str, name: str, work: Callable[[], Any]) -> Any:
        """The result of ``work``, which runs once. Unknown if it depends on itself."""
        key = (kind, name)
        if key in self._open:
            return Unknown()
        if key not in self._known:
            self._open.add(key)
            self._known[key] = work()
            self._open.discard(key)
        return self._known[key]

    # Values.

    def value(self, value: Any) -> Any:
        """A value with its functions evaluated."""
        self.budget.steps -= 1
        if self.budget.steps < 0 or self.budget.depth > _MOST_DEPTH:
            return Unknown()
        self.budget.depth += 1
        try:
            return self._value(value)
        finally:
            self.budget.depth -= 1

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            if len(value) == 1:
                ((key, inner),) = value.items()
                if key == "Ref" or str(key).startswith("Fn::"):
                    return self._function(str(key), inner)
            found = {str(key): self.value(each) for key, each in value.items()}
            return {key: each for key, each in found.items() if each is not NO_VALUE}
        if isinstance(value, list):
            return [each for each in (self.value(each) for each in value) if each is not NO_VALUE]
        return Unknown() if isinstance(value, str) and _DYNAMIC.search(value) else value

    def _function(self, name: str, given: Any) -> Any:
        work = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find,
            "Fn::ImportValue": self._import,
            "Fn::Base64": self._base64,
            "Fn::ToJsonString": self._json,
            "Fn::Length": self._length,
        }.get(name)
        return work(given) if work is not None else Unknown()

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            return Unknown()
        pseudo = self._pseudo(str(name))
        if pseudo is not None:
            return pseudo
        if name in self.section("Parameters"):
            return self.parameter(str(name))
        return self._once("ref", str(name), lambda: self._ref_of_resource(str(name)))

    def _pseudo(self, name: str) -> Any:
        if not name.startswith("AWS::"):
            return None
        it = self.environment
        suffixes = {"aws-cn": "amazonaws.com.cn"}
        known = {
            "AWS::AccountId": it.account,
            "AWS::Region": it.region,
            "AWS::Partition": it.partition,
            "AWS::URLSuffix": suffixes.get(it.partition, "amazonaws.com"),
            "AWS::StackName": it.stack,
            "AWS::NoValue": NO_VALUE,
        }
        return known.get(name) or Unknown()

    def parameter(self, name: str) -> Any:
        """A parameter's value: the given one, else its default."""
        declared = self.section("Parameters").get(name)
        kind = str(declared.get("Type") or "String") if isinstance(declared, Mapping) else "String"
        default = declared.get("Default") if isinstance(declared, Mapping) else None
        value = self.parameters.get(name, default)
        if value is None or "SSM::Parameter" in kind or _is_unknown(value):
            self.without_value[name] = None
            return Unknown()
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [each.strip() for each in value.split(",")] if isinstance(value, str) else value
        return value if isinstance(value, (str, list)) else _text(value)

    def _resource(self, name: str) -> Mapping[str, Any]:
        resource = dict(self.resources()).get(name) if self._listed is None else self._listed.get(name)
        return resource if isinstance(resource, Mapping) else {}

    def properties(self, resource: Mapping[str, Any]) -> Mapping[str, Any]:
        """A resource's properties as they are written."""
        found = resource.get("Properties")
        return found if isinstance(found, Mapping) else {}

    def name_of(self, logical: str) -> str:
        """The name of an IAM entity or of another named resource.

        Without a name, one in the form that AWS generates.
        """
        found = self._once("name", logical, lambda: self._name(logical))
        return found if isinstance(found, str) and found else self.made_up(logical)

    def made_up(self, logical: str) -> str:
        """A name in the form that AWS generates: the stack, the logical ID, and a placeholder for the random part."""
        begins = f"{self.environment.stack}-" if self.environment.stack else ""
        return f"{begins}{self.prefix}{logical}-{UNNAMED}"

    def _name(self, logical: str) -> Any:
        resource = self._resource(logical)
        token = str(resource.get("Type"))
        entity = entity_type(token.removeprefix("AWS::IAM::")) if token.startswith("AWS::IAM::") else None
        key = entity[1] if entity else _BY_NAME.get(token, ("", "", ""))[1]
        return self.value(self.properties(resource).get(key)) if key else Unknown()

    def has_own_name(self, logical: str) -> bool:
        """Whether a resource's name is known from the template."""
        found = self._once("name", logical, lambda: self._name(logical))
        return isinstance(found, str) and bool(found)

    def arn_of(self, logical: str) -> Any:
        """A resource's ARN, if it follows from the template."""
        resource, it = self._resource(logical), self.environment
        token = str(resource.get("Type"))
        if not it.account:
            return Unknown()
        kind = token.removeprefix("AWS::IAM::") if token.startswith("AWS::IAM::") else ""
        if kind in _KINDS:
            path = self.value(self.properties(resource).get("Path", "/"))
            if not isinstance(path, str):
                return Unknown()
            return entity_arn(it.account, _KINDS[kind], self.name_of(logical), path, it.partition)
        if kind == "OIDCProvider":
            url = self.name_of(logical).removeprefix("https://")
            return f"arn:{it.partition}:iam::{it.account}:oidc-provider/{url}"
        if kind == "SAMLProvider":
            return f"arn:{it.partition}:iam::{it.account}:saml-provider/{self.name_of(logical)}"
        if token in _BY_NAME and (it.region or token == "AWS::S3::Bucket"):
            made, _, key = _BY_NAME[token]
            place = {"partition": it.partition, "region": it.region, "account": it.account}
            return arn_of(made, {key: self.name_of(logical)}, **place).get("arn") or Unknown()
        return Unknown()

    def _ref_of_resource(self, logical: str) -> Any:
        token = str(self._resource(logical).get("Type"))
        if token in ("AWS::IAM::ManagedPolicy", "AWS::IAM::OIDCProvider", "AWS::IAM::SAMLProvider", "AWS::SNS::Topic"):
            return self.arn_of(logical)
        kind = token.removeprefix("AWS::IAM::")
        named = token.startswith("AWS::IAM::") and kind in _KINDS
        return self.name_of(logical) if named or token in _REF_IS_NAME else Unknown()

    def _attribute(self, given: Any) -> Any:
        if isinstance(given, str):
            logical, _, attribute = given.partition(".")
        elif isinstance(given, list) and len(given) == 2:
            logical, attribute = str(given[0]), str(self.value(given[1]))
        else:
            return Unknown()
        if attribute.startswith("Outputs."):
            return self.nested(logical, attribute.removeprefix("Outputs."))
        if attribute in _ARN_ATTRIBUTES:
            return self._once("arn", logical, lambda: self.arn_of(logical))
        return Unknown()

    def _sub(self, given: Any) -> Any:
        text: Any = given
        own: Any = {}
        if isinstance(given, list) and len(given) == 2:
            text = given[0]
            own = self.value(given[1]) if isinstance(given[1], Mapping) else {}
        if not isinstance(text, str) or not isinstance(own, Mapping) or _DYNAMIC.search(text):
            return Unknown()
        parts: list[Any] = []
        end = 0
        for found in _VARIABLE.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            parts.append(f"${{{found[2]}}}" if found[2] is not None else self._variable(found[1].strip(), own))
        parts.append(text[end:])
        return _concatenated(parts)

    def _variable(self, name: str, own: Mapping[str, Any]) -> Any:
        if name in own:
            return own[name]
        return self._attribute(name) if "." in name else self._ref(name)

    def _join(self, given: Any) -> Any:
        if not isinstance(given, list) or len(given) != 2 or not isinstance(given[0], str):
            return Unknown()
        listed = self.value(given[1])
        if not isinstance(listed, list):
            return Unknown()
        return _concatenated([part for each in listed for part in (given[0], each)][1:])

    def _select(self, given: Any) -> Any:
        if not isinstance(given, list) or len(given) != 2:
            return Unknown()
        index, listed = self.value(given[0]), self.value(given[1])
        if isinstance(listed, list) and str(index).isdecimal() and int(str(index)) < len(listed):
            return listed[int(str(index))]
        return Unknown()

    def _split(self, given: Any) -> Any:
        if not isinstance(given, list) or len(given) != 2:
            return Unknown()
        text = self.value(given[1])
        return text.split(given[0]) if isinstance(text, str) and isinstance(given[0], str) and given[0] else Unknown()

    def _if(self, given: Any) -> Any:
        if not isinstance(given, list) or len(given) != 3:
            return Unknown()
        holds = self.condition(str(given[0]))
        if holds is None:
            one, other = self.value(given[1]), self.value(given[2])
            same = one is other or (one is not NO_VALUE and other is not NO_VALUE and one == other)
            return one if same and not _is_unknown(one) else Unknown()
        return self.value(given[1] if holds else given[2])

    def _find(self, given: Any) -> Any:
        if not isinstance(given, list) or len(given) < 3:
            return Unknown()
        keys = [self.value(each) for each in given[:3]]
        found: Any = self.section("Mappings")
        for key in keys:
            if _is_unknown(key):
                return Unknown()
            found = found.get(_text(key)) if isinstance(found, Mapping) else None
        if found is None and len(given) == 4 and isinstance(given[3], Mapping):
            return self.value(given[3].get("DefaultValue"))
        return Unknown() if found is None else self.value(found)

    def _import(self, given: Any) -> Any:
        name = self.value(given)
        return self.imported(name) if isinstance(name, str) else Unknown()

    def _base64(self, given: Any) -> Any:
        text = self.value(given)
        return base64.b64encode(text.encode()).decode() if isinstance(text, str) else Unknown()

    def _json(self, given: Any) -> Any:
        found = self.value(given)
        return Unknown() if _is_unknown(found) else json.dumps(found)

    def _length(self, given: Any) -> Any:
        found = self.value(given)
        return len(found) if isinstance(found, list) else Unknown()

    def output(self, name: str) -> Any:
        """The value of an output."""
        found = self.section("Outputs").get(name)
        if not isinstance(found, Mapping):
            return Unknown()
        return self._once("output", name, lambda: self.value(found.get("Value")))

    def exports(self) -> Iterator[tuple[str, str]]:
        """The names of exports, each with its output."""
        for name, output in self.section("Outputs").items():
            export = output.get("Export") if isinstance(output, Mapping) else None
            if isinstance(export, Mapping) and isinstance(shown := self.value(export.get("Name")), str):
                yield shown, str(name)


def short_form(name: str, value: Any) -> Mapping[str, Any]:
    """A function in the short form of YAML, ``!Sub``, as the full one."""
    if name == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": list(value.split(".", 1))}
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


def _concatenated(parts: list[Any]) -> Any:
    if any(isinstance(each, (list, Mapping)) or _is_unknown(each) for each in parts):
        return Unknown()
    text = "".join(_text(each) for each in parts)
    return text if len(text) <= _LONGEST else Unknown()


def _joined(answers: list[bool | Unknown], *, any_of: bool) -> bool | Unknown:
    if any(each is any_of for each in answers):
        return any_of
    return Unknown() if any(isinstance(each, Unknown) for each in answers) else not any_of


def _replaced(value: Any, values: Mapping[str, str]) -> Any:
    """A part of a loop's body with its variables (``${Name}``, ``Ref: Name``) replaced."""
    if not values:
        return value
    if isinstance(value, str):
        for name, each in values.items():
            value = value.replace(f"${{{name}}}", each).replace(f"&{{{name}}}", re.sub("[^A-Za-z0-9]", "", each))
        return value
    if isinstance(value, Mapping):
        if len(value) == 1 and value.get("Ref") in values:
            return values[value["Ref"]]
        return {_replaced(key, values): _replaced(each, values) for key, each in value.items()}
    return [_replaced(each, values) for each in value] if isinstance(value, list) else value


def _is_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_is_unknown(each) for each in value.values())
    return any(_is_unknown(each) for each in value) if isinstance(value, list) else isinstance(value, Unknown)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
