"""Malformed configs: every line of the report, exactly, and all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossaccount.settings import SettingsError

CASES = sorted((Path(__file__).parent / "malformed").glob("*.yaml"))


def test_there_are_many_cases():
    assert len(CASES) >= 70


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_malformed_config_is_refused_with_every_line(path, read_case, tmp_path):
    case = read_case(path, "errors")
    with pytest.raises(SettingsError) as caught:
        case.load(tmp_path)
    assert tuple(str(problem) for problem in caught.value.problems) == case.lines
    assert str(caught.value) == "\n".join(case.lines)
