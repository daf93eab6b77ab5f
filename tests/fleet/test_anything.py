"""Whatever stands in ``fleet.yaml``: it is accepted, or refused in lines for a person. Never a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossaccount.fleet import plan
from crossaccount.fleet.planning import write_all
from crossaccount.settings import SettingsError
from tests.fleet.conftest import ACCOUNTS, AUDIT

_TEXT = """
shop play security audit * <audit>/role/Auditor <account.name> <account.tags.stage> <x include exclude accounts ou tags
policies trusted trusting roles users groups trust principals inline assume document credentials assume_roles role
external_id profile without reads region file name id 222222222222 secure shop/role/X Auditor description
"""
_WORDS = _TEXT.split()
_WORD = st.sampled_from(_WORDS) | st.text(max_size=3)
_LEAF = _WORD | st.none() | st.booleans() | st.integers(-1, 12) | st.dates()
_ANY = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORD | st.integers(0, 3), inner, max_size=4),
    max_leaves=12,
)
_SECTION = st.fixed_dictionaries(
    {},
    optional={"roles": _ANY, "users": _ANY, "groups": st.dictionaries(_WORD, st.fixed_dictionaries({"inline": _ANY}))},
)
_SETS = st.fixed_dictionaries(
    {"include": st.just([{"accounts": "*"}]) | _ANY},
    optional={"trusting": _SECTION, "trusted": _SECTION | _ANY, "policies": _ANY, "reads": _ANY, "exclude": _ANY},
)
_EXCEPTION = st.fixed_dictionaries(
    {}, optional={"trusting": _SECTION, "trusted": _ANY, "without": _ANY, "credentials": _ANY, "reads": _ANY}
)
_FLEET = st.fixed_dictionaries(
    {
        "accounts": st.just(ACCOUNTS) | _ANY,
        "role_sets": st.fixed_dictionaries({}, optional={"a": _SETS, "b": _SETS}).map(lambda each: {**AUDIT, **each})
        | _ANY,
    },
    optional={
        "exceptions": st.dictionaries(_WORD, _EXCEPTION) | _ANY,
        "credentials": _ANY,
        "elsewhere": _ANY,
        "region": _ANY,
    },
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(_FLEET | _ANY)
def test_a_fleet_is_written_or_refused_in_words(content):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
        (folder / "fleet.yaml").write_text(yaml.safe_dump(content))
        try:
            found = plan(folder)
        except SettingsError as error:
            assert all(str(problem) and "\n" not in str(problem) for problem in error.problems)  # noqa: PT017
            return
        write_all(found.changes)
        assert plan(folder).changes == ()
