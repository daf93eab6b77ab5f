"""The ``Condition`` element: which operators there are, and which values each of them can compare.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date

from crossaccount.iam.documents import as_list, value_text
from crossaccount.iam.entity_names import check_account_id
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem

_STRING = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_NUMERIC = tuple(f"Numeric{comparison}" for comparison in _COMPARISONS)
_DATE = tuple(f"Date{comparison}" for comparison in _COMPARISONS)
_ARN = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
_ADDRESS = ("IpAddress", "NotIpAddress")
OPERATORS = (*_STRING, *_NUMERIC, *_DATE, *_ARN, *_ADDRESS, "Bool", "BinaryEquals", "Null")
SET_PREFIXES = ("ForAllValues:", "ForAnyValue:")
_ACCOUNT_KEYS = ("aws:principalaccount", "aws:sourceaccount", "aws:resourceaccount", "kms:calleraccount")
_KEY = re.compile(r"\A[A-Za-z0-9._/-]+:[\w:./@=+${}-]+\Z")
_DATE_TEXT = re.compile(r"\A\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?\Z|\A\d+\Z")
_DATE_BY_YAML = re.compile(r"\A\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [+-]\d{4} \w+\Z")


def base_operator(operator: str) -> str:
    """``StringLike`` of ``ForAnyValue:StringLikeIfExists``."""
    for prefix in SET_PREFIXES:
        operator = operator.removeprefix(prefix)
    return operator.removesuffix("IfExists")


def check_conditions(condition: object, where: str) -> list[Problem]:
    """Everything wrong with a ``Condition`` element (or a raw ``conditions`` of the config)."""
    if not isinstance(condition, Mapping):
        return [
            Problem(where, "must be a mapping of operator to key to value", condition, "write {Operator: {key: value}}")
        ]
    problems: list[Problem] = []
    for operator, keys in condition.items():
        place = f"{where}.{operator}"
        problems += _check_operator(operator, place)
        if not isinstance(keys, Mapping):
            fix = f"write {operator}: {{key: value}}"
            problems.append(Problem(place, "must be a mapping of condition key to value", keys, fix))
            continue
        for key, values in keys.items():
            problems += _check_key(key, f"{place}.{key}")
            problems += check_values(base_operator(str(operator)), values, f"{place}.{key}")
            problems += _check_accounts(str(key), values, f"{place}.{key}")
    return problems


def _check_operator(operator: object, where: str) -> list[Problem]:
    if operator is None:
        return [
            Problem(where, "unquoted, so YAML read Null as nothing", operator, 'put the operator in quotes, "Null"')
        ]
    base = base_operator(str(operator))
    if base == "Null" and str(operator).endswith("IfExists"):
        return [Problem(where, "Null cannot be combined with IfExists", operator, "write Null")]
    if base in OPERATORS:
        return []
    fix = did_you_mean(base, OPERATORS, "use one of IAM's condition operators, such as StringEquals or ArnLike")
    return [Problem(where, "not a condition operator of IAM", operator, fix)]


def _check_key(key: object, where: str) -> list[Problem]:
    if isinstance(key, str) and _KEY.match(key):
        return []
    fix = "write a key with its prefix, such as aws:PrincipalArn or sts:ExternalId"
    return [Problem(where, "a condition key is <prefix>:<name>", key, fix)]


def check_values(operator: str, values: object, where: str) -> list[Problem]:
    """Everything wrong with the values that ``operator``, without prefix and suffix, is to compare."""
    if values is None or values == [] or isinstance(values, Mapping):
        return [Problem(where, "must be a text or a list of texts", values, "give at least one value")]
    problems: list[Problem] = []
    expected, fits = _RULES.get(operator, ("a text", lambda _: True))
    for index, value in enumerate(as_list(values)):
        place = f"{where}[{index}]" if isinstance(values, (list, tuple)) else where
        if isinstance(value, date) or (isinstance(value, str) and _DATE_BY_YAML.match(value)):
            fix = 'put the date in quotes, such as "2027-01-31T00:00:00Z"'
            problems.append(Problem(place, "unquoted, so YAML read it as a date", str(value), fix))
        elif value is None or isinstance(value, (Mapping, list, tuple)):
            problems.append(Problem(place, "must be a text, a number or a boolean", value, "write it in quotes"))
        elif "${" not in (text := value_text(value)) and not fits(text):
            problems.append(Problem(place, f"{operator} compares with {expected}", value, f"write {expected}"))
    return problems


def _check_accounts(key: str, values: object, where: str) -> list[Problem]:
    """Account IDs without quotes: YAML takes a leading 0 away, and the condition never holds."""
    if key.lower() not in _ACCOUNT_KEYS:
        return []
    return [
        Problem(where, refusal.what, value, refusal.fix)
        for value in as_list(values)
        if isinstance(value, int) and not isinstance(value, bool) and (refusal := check_account_id(value))
    ]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _is_arn_pattern(text: str) -> bool:
    return text == "*" or (text.startswith(("arn:", "*", "a?n:", "ar?:")) and (text.count(":") >= 5 or "*" in text))


_Rule = tuple[str, Callable[[str], bool]]
_RULES: Mapping[str, _Rule] = {
    "Bool": ("true or false", lambda text: text.lower() in ("true", "false")),
    "Null": ("true or false", lambda text: text.lower() in ("true", "false")),
    **dict.fromkeys(_NUMERIC, ("a number", _is_number)),
    **dict.fromkeys(_DATE, ("a date such as 2027-01-31T00:00:00Z", lambda text: _DATE_TEXT.match(text) is not None)),
    **dict.fromkeys(_ADDRESS, ("an address range such as 203.0.113.0/24", _is_network)),
    **dict.fromkeys(_ARN, ("an ARN, wildcards allowed", _is_arn_pattern)),
}
