"""Whatever a config holds: settings, or a report that names places; never a traceback."""

from __future__ import annotations

import datetime
import json
from copy import deepcopy
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossaccount.settings import SettingsError, load_settings
from crossaccount.settings.yaml_text import parse_yaml, read_yaml

HERE = Path(__file__).parent
BASE = {
    "crossaccount:accounts": {
        "auth": {"id": "111111111111", "stack": "auth"},
        "workload": {"id": "222222222222", "stack": "workload"},
        "stranger": {"id": "333333333333"},
    },
    "crossaccount:account": "auth",
    "aws:allowedAccountIds": ["111111111111"],
}
CONFIGS = [
    BASE | read_yaml(path, path.name)["config"]
    for folder in ("valid", "malformed")
    for path in sorted((HERE / folder).glob("*.yaml"))
]

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True),
    st.dates(),
    st.text(max_size=8),
    st.sampled_from(
        ["*", "auth", "workload/role/x", "arn:aws:iam::111111111111:role/X", "arn:", "a/", "/", "1h", "${a"]
    ),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=5), st.integers(), st.booleans()), inner, max_size=3),
    ),
    max_leaves=8,
)


def places(value, at=()):
    """Every place in a config, as keys and indices."""
    yield at
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*at, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*at, index))


def replaced(config, place, value):
    result = deepcopy(config)
    holder = result
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = value
    return result


@st.composite
def broken_configs(draw):
    """A config with one value replaced by anything."""
    config = draw(st.sampled_from(CONFIGS))
    place = draw(st.sampled_from([place for place in places(config) if place]))
    return replaced(config, place, draw(_values))


def outcome(config):
    """The settings of a config, or the problems of its report."""
    try:
        return load_settings(config, root=None), ()
    except SettingsError as error:
        return None, error.problems


@settings(max_examples=150)
@given(config=broken_configs())
@example(config={"crossaccount:trusted": {"users": {"a": {"tags": {"x": datetime.date(2027, 1, 31)}}}}})
@example(config={})
def test_any_config_gives_settings_or_a_report(config):
    before = repr(config)
    found, problems = outcome(config)
    if found is None:
        assert any(problem.severity == "error" for problem in problems)
        assert all(problem.where and problem.what and problem.fix for problem in problems)
        assert not any("\n" in str(problem) for problem in problems), "a problem is one line"
    else:
        assert all(problem.severity == "warning" for problem in found.warnings)
    assert repr(outcome(config)) == repr((found, problems)), "twice the same config, two reports"
    assert repr(config) == before, "the config was changed"


def yaml_problems(text):
    try:
        parse_yaml(text, "f.yaml")
    except SettingsError as error:
        return error.problems
    return ()


@given(text=st.text(st.sampled_from("abc01:,-[]{}&*!|>'\"%@#?~ \n\t\u00e4"), max_size=40))
def test_any_text_is_yaml_or_has_a_report(text):
    assert all(problem.where.startswith("f.yaml") for problem in yaml_problems(text))


_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"), max_size=10
)


@given(
    value=st.recursive(
        st.booleans() | st.integers(-(10**12), 10**12) | _texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
        max_leaves=10,
    )
)
def test_json_is_yaml(value):
    assert parse_yaml(json.dumps(value, ensure_ascii=False), "f.yaml") == value
