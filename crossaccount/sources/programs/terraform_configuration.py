"""The ``configuration`` of a Terraform plan: the references of unknown values, and the accounts of providers.

The plan's JSON has no expressions, only the references of each. An unknown value with exactly one reference gets the
value of that attribute, if the property takes such a value: an ARN for an ARN, a name for a name, a document for a
document. With more references, or none, it stays unknown. Locals are not in a plan, so values that use them stay
unknown.

Source: "Configuration Representation" and "Expression Representation" of
https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.sources.programs.drafts import Reference, Statements, Unknown

DOCUMENT = "aws_iam_policy_document"
_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]\"]*)\]")
_PART = re.compile(r"[^.\[\]]+(?:\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]\"]*)\])*")
_MARK = re.compile(r"[.\[]")
_LOOP = "each.value."
_NO_VALUES = ("each.", "count.", "path.", "terraform.")
"""The beginnings of references that are not attributes of a resource."""
_LISTS = frozenset(
    (
        *("managed_policy_arns", "policy_arns", "policy_names", "users", "groups", "roles"),
        *("actions", "not_actions", "resources", "not_resources", "identifiers", "values"),
    )
)
"""Arguments that are lists or sets. If one is unknown as a whole, its references do not determine its members."""
_MOST_STEPS = 50
"""The most references from module to module; a program that is written by hand has a few."""


@dataclass(frozen=True)
class Instance:
    """One instance of a resource or of a data source, at one moment. ``values`` may be unknown in part."""

    address: str
    module: str
    mode: str
    type: str
    index: Any
    values: Mapping[str, Any] = field(hash=False)
    exists: bool = False


def camel(name: str) -> str:
    """The name that Pulumi's provider gives to an attribute: ``policyArn`` for ``policy_arn``."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def without_indexes(address: str) -> str:
    """The address of a resource in the configuration: the same for all its instances."""
    return _INDEX.sub("", address)


@dataclass(frozen=True)
class _Scope:
    """The context of a reference: a module's instance, its configuration, and the index of the referring resource."""

    module: str
    configuration: Mapping[str, Any]
    index: Any = None
    steps: int = 0
    loop: Any = None
    """What ``for_each`` goes through."""


class Configuration:
    """The configuration of a plan. Every part of it may be missing."""

    def __init__(self, plan: Mapping[str, Any], instances: Iterable[Instance]) -> None:
        configuration = _mapping(plan.get("configuration"))
        self._root = _mapping(configuration.get("root_module"))
        self._given = bool(self._root)
        self._providers = _mapping(configuration.get("provider_config"))
        self._variables = _mapping(plan.get("variables"))
        self._instances: dict[str, Instance] = {}
        self._of_resource: dict[str, list[Instance]] = defaultdict(list)
        self._documents: dict[str, Any] = {}
        for each in instances:
            self._instances[each.address] = each
            self._of_resource[f"{each.module}|{without_indexes(_within(each))}"].append(each)
        self._module_instances = {each.module for each in self._instances.values()}
        self._resources: dict[str, Mapping[str, Any]] = {}
        for prefix, module in self._modules():
            for resource in _items(module.get("resources")):
                self._resources[f"{prefix}{resource.get('address')}"] = resource

    def _modules(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        level: list[tuple[str, Mapping[str, Any]]] = [("", self._root)]
        while level:
            yield from level
            level = [
                (f"{prefix}module.{name}.", _mapping(_mapping(call).get("module")))
                for prefix, module in level
                for name, call in _mapping(module.get("module_calls")).items()
            ]

    def _resource(self, instance: Instance) -> Mapping[str, Any]:
        return self._resources.get(without_indexes(instance.address), {})

    def keys(self, instance: Instance) -> frozenset[str] | None:
        """The arguments that the configuration has for a resource; None where the plan has no configuration."""
        return frozenset(_mapping(self._resource(instance).get("expressions"))) if self._given else None

    # Providers.

    def provider(self, instance: Instance) -> str:
        """The key of the provider of a resource: ``aws``, ``aws.production``."""
        key = str(self._resource(instance).get("provider_config_key") or "aws")
        if key in self._providers:
            return key
        # Before Terraform 1.1 an inherited provider has the module's name.
        return key.rpartition(":")[2]

    def providers(self) -> list[str]:
        """The keys of the configured providers of AWS."""
        found = self._providers.items()
        return [key for key, each in found if str(_mapping(each).get("name") or key.split(".")[0]) in ("aws", "awscc")]

    def _provider_value(self, provider: str, *keys: str) -> Any:
        value: Any = _mapping(self._providers.get(provider)).get("expressions")
        for key in keys:
            if isinstance(value, list):
                value = value[0] if value else None
            value = _mapping(value).get(key)
        scope = self._provider_scope(provider)
        found = self._value(value, scope) if value is not None else None
        return None if isinstance(found, (Unknown, Statements)) else found

    def _provider_scope(self, provider: str) -> _Scope:
        module = str(_mapping(self._providers.get(provider)).get("module_address") or "")
        return _Scope(module, self._module(module))

    def accounts(self, provider: str) -> Iterator[tuple[str, str]]:
        """The accounts that a provider is configured for, each with the argument that names it."""
        allowed = self._provider_value(provider, "allowed_account_ids")
        # For a list with one variable, a plan names the variable.
        allowed = [allowed] if isinstance(allowed, str) else allowed
        if isinstance(allowed, list) and len(allowed) == 1 and ACCOUNT_ID.match(str(allowed[0])):
            yield str(allowed[0]), "allowed_account_ids"
        arn = self._provider_value(provider, "assume_role", "role_arn")
        parts = arn.split(":") if isinstance(arn, str) else []
        if len(parts) > 5 and ACCOUNT_ID.match(parts[4]):
            yield parts[4], "assume_role"

    def region(self, provider: str) -> str:
        """The region of a provider; empty if the plan does not name it."""
        found = self._provider_value(provider, "region")
        return found if isinstance(found, str) else ""

    def default_tags(self, provider: str) -> dict[str, str]:
        """The default tags of a provider, as far as they are literals."""
        found = self._provider_value(provider, "default_tags", "tags")
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}

    # References.

    def linked(self, instance: Instance, key: str, value: Any) -> Any:
        """A value of a resource, with the references of its unknown parts."""
        expression = _mapping(self._resource(instance).get("expressions")).get(key)
        return self._linked_argument(key, value, expression, self._scope(instance))

    def _linked_argument(self, key: str, value: Any, expression: Any, scope: _Scope) -> Any:
        return value if isinstance(value, Unknown) and key in _LISTS else self._linked(value, expression, scope)

    def _scope(self, instance: Instance, steps: int = 0) -> _Scope:
        loop = self._resource(instance).get("for_each_expression")
        return _Scope(instance.module, self._module(instance.module), instance.index, steps, loop)

    def _module(self, address: str) -> Mapping[str, Any]:
        """The configuration of the module with an address."""
        found = self._root
        for name in re.findall(r"(?:^|\.)module\.([^.\[]+)", without_indexes(address)):
            found = _mapping(_mapping(_mapping(found.get("module_calls")).get(name)).get("module"))
        return found

    def _linked(self, value: Any, expression: Any, scope: _Scope) -> Any:
        if isinstance(value, Unknown):
            found = self._value(expression, scope)
            # A known value would also make the values that depend on it known.
            return value if _is_known(found) else found
        if isinstance(value, list) and any(isinstance(each, Unknown) for each in value):
            return self._linked_list(value, expression, scope)
        if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            # Blocks: as many as in the configuration, unless a dynamic block makes them.
            blocks = expression if isinstance(expression, list) and len(expression) == len(value) else [{}] * len(value)
            return [self._linked(each, block, scope) for each, block in zip(value, blocks, strict=True)]
        if isinstance(value, Mapping):
            block = _mapping(expression)
            return {key: self._linked_argument(key, each, block.get(key), scope) for key, each in value.items()}
        return value

    def _linked_list(self, value: list[Any], expression: Any, scope: _Scope) -> list[Any]:
        """A list or a set with unknown members. If it has as many references, these are the members."""
        known = [each for each in value if not isinstance(each, Unknown)]
        found = [self._refer(each, scope) for each in _ends(expression)]
        found = [each for each in found if not _is_known(each)]
        unknown: list[Any] = [each for each in value if isinstance(each, Unknown)]
        return [*known, *(found if len(found) == len(unknown) else unknown)]

    def _value(self, expression: Any, scope: _Scope) -> Any:
        """The value of an expression: a constant, or the value of its only reference."""
        given = _mapping(expression)
        if "constant_value" in given:
            return given["constant_value"]
        found = _ends(given)
        return self._refer(found[0], scope) if len(found) == 1 else Unknown()

    def _refer(self, text: str, scope: _Scope) -> Any:
        """The value of a reference."""
        parts = _PART.findall(text)
        if scope.steps > _MOST_STEPS or len(parts) < 2 or parts[0] in ("self", "local"):
            return Unknown()
        if parts[0] == "var":
            return self._variable(parts[1], scope)
        if text.startswith(_LOOP):
            through = _ends(scope.loop)
            inner = f"{through[0]}[{json.dumps(scope.index)}].{text.removeprefix(_LOOP)}" if len(through) == 1 else ""
            return self._refer(inner, replace(scope, loop=None, steps=scope.steps + 1))
        if parts[0] == "module":
            return self._output(parts, scope)
        is_data = parts[0] == "data"
        own = parts[1:] if is_data else parts
        instance = self._find(f"{'data.' if is_data else ''}{own[0]}.{own[1]}", scope) if len(own) > 1 else None
        if instance is None:
            return Unknown()
        return self._attribute(instance, own[2] if len(own) > 2 else "", scope.steps)

    def _attribute(self, instance: Instance, attribute: str, steps: int) -> Any:
        if instance.mode != "data":
            value = instance.values.get(attribute) if attribute not in ("", "arn", "id", "name") else None
            if isinstance(value, Unknown) or value is None:
                return Unknown(Reference(instance.address, camel(attribute) if attribute else ""))
            return value
        if instance.type == DOCUMENT and attribute in ("", "json", "minified_json"):
            return self._document(instance, steps)
        value = instance.values.get(attribute)
        return value if value is not None else Unknown()

    def _document(self, instance: Instance, steps: int) -> Any:
        if isinstance(instance.values.get("json"), str):
            return instance.values["json"]
        if instance.address not in self._documents:
            # A document that depends on itself is unknown.
            self._documents[instance.address] = Unknown()
            self._documents[instance.address] = self._built(instance, self._scope(instance, steps + 1))
        return self._documents[instance.address]

    def _built(self, instance: Instance, scope: _Scope) -> Statements:
        values, expressions = instance.values, _mapping(self._resource(instance).get("expressions"))
        sources = ("source_json", "override_json", "source_policy_documents", "override_policy_documents")
        documents = {key: self._sources(values.get(key), expressions.get(key), scope) for key in sources}
        return Statements(
            {
                "statements": self._statements(values.get("statement"), expressions.get("statement"), scope),
                "version": values.get("version"),
                "policyId": values.get("policy_id"),
                "sourcePolicyDocuments": [*documents["source_json"], *documents["source_policy_documents"]],
                "overridePolicyDocuments": [*documents["override_json"], *documents["override_policy_documents"]],
            }
        )

    def _sources(self, value: Any, expression: Any, scope: _Scope) -> list[Any]:
        """The source documents of another document, in their order; unknown ones by reference."""
        if not value:
            return []
        listed = value if isinstance(value, list) else [value]
        if not any(isinstance(each, Unknown) for each in listed):
            return listed
        found = [self._refer(each, scope) for each in _ends(expression)]
        # Their order decides which statement wins. It is known only if all are given by reference.
        return found if len(found) == len(listed) else [Unknown()]

    def _statements(self, value: Any, expression: Any, scope: _Scope) -> Any:
        if not isinstance(value, list):
            return value or []
        blocks = expression if isinstance(expression, list) and len(expression) == len(value) else [{}] * len(value)
        return [
            each if isinstance(each, Unknown) else self._statement(_mapping(each), _mapping(block), scope)
            for each, block in zip(value, blocks, strict=True)
        ]

    def _statement(self, value: Mapping[str, Any], block: Mapping[str, Any], scope: _Scope) -> Mapping[str, Any]:
        plain = ("sid", "effect", "actions", "not_actions", "resources", "not_resources")
        found = {
            camel(key): self._linked_argument(key, value.get(key), block.get(key), scope)
            for key in plain
            if key in value
        }
        for key, new, tells in (
            ("principals", "principals", ("type",)),
            ("not_principals", "notPrincipals", ("type",)),
            ("condition", "conditions", ("test", "variable")),
        ):
            found[new] = self._set_of_blocks(value.get(key), block.get(key), tells, scope)
        return found

    def _set_of_blocks(self, value: Any, blocks: Any, tells: tuple[str, ...], scope: _Scope) -> Any:
        """Blocks of a set: their order differs from the configuration. ``tells`` identifies them."""
        if not isinstance(value, list):
            return value or []
        given = _items(blocks)
        found = []
        for each in value:
            known = _mapping(each)
            fits = [
                block
                for block in given
                if all(
                    _mapping(block.get(key)).get("constant_value", known.get(key)) == known.get(key) for key in tells
                )
            ]
            found.append(self._linked(known, fits[0] if len(fits) == 1 else {}, scope))
        return found

    def _find(self, address: str, scope: _Scope) -> Instance | None:
        """The instance that a reference means: by its address, by the referring resource's index, or the only one."""
        full = f"{scope.module}.{address}" if scope.module else address
        if full in self._instances:
            return self._instances[full]
        found = self._of_resource.get(f"{scope.module}|{without_indexes(address)}", [])
        if without_indexes(address) != address:
            return None
        same = [each for each in found if each.index == scope.index and scope.index is not None]
        if len(same) == 1:
            return same[0]
        return found[0] if len(found) == 1 else None

    def _variable(self, name: str, scope: _Scope) -> Any:
        if not scope.module:
            value = _mapping(self._variables.get(name)).get("value")
            return Unknown() if value is None else value
        parent, call, index = _call_of(scope.module)
        above = _Scope(parent, self._module(parent), index, scope.steps + 1)
        calls = _mapping(above.configuration.get("module_calls"))
        expression = _mapping(_mapping(calls.get(call)).get("expressions")).get(name)
        if expression is not None:
            return self._value(expression, above)
        default = _mapping(_mapping(scope.configuration.get("variables")).get(name)).get("default")
        return Unknown() if default is None else default

    def _output(self, parts: list[str], scope: _Scope) -> Any:
        if len(parts) < 3:
            return Unknown()
        name = without_indexes(parts[1])
        module = _mapping(_mapping(_mapping(scope.configuration.get("module_calls")).get(name)).get("module"))
        expression = _mapping(_mapping(module.get("outputs")).get(without_indexes(parts[2]))).get("expression")
        address = f"{scope.module}." if scope.module else ""
        address += f"module.{parts[1]}"
        if address not in self._module_instances and scope.index is not None:
            address = f"{address}[{json.dumps(scope.index)}]"
        return self._value(expression, _Scope(address, module, None, scope.steps + 1)) if expression else Unknown()


def _call_of(module: str) -> tuple[str, str, Any]:
    """A module's address as that of its parent, the name of its call, and its index."""
    start = 0
    for found in re.finditer(r"(?:^|\.)module\.", _INDEX.sub(lambda m: "#" * len(m.group()), module)):
        start = found.start()
    parent, own = module[:start], module[start:].removeprefix(".").removeprefix("module.")
    name = without_indexes(own)
    index = own[len(name) :].strip("[]")
    try:
        return parent, name, json.loads(index) if index else None
    except ValueError:
        return parent, name, None


def _within(instance: Instance) -> str:
    """An instance's address within its module."""
    return instance.address.removeprefix(f"{instance.module}.") if instance.module else instance.address


def _ends(expression: Any) -> list[str]:
    """The references of an expression, without those that are only the beginning of another."""
    listed = _mapping(expression).get("references")
    texts = list(dict.fromkeys(each for each in listed if isinstance(each, str))) if isinstance(listed, list) else []
    started = {text[: mark.start()] for text in texts for mark in _MARK.finditer(text)}
    ends = [text for text in texts if text not in started]
    return [text for text in ends if text.startswith(_LOOP) or not text.startswith(_NO_VALUES)]


def _is_known(value: Any) -> bool:
    return not isinstance(value, (Unknown, Statements))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
