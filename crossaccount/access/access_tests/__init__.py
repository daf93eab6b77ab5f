"""Access tests: expectations as data, parsed and judged, with warnings if a verdict depends on a missing key."""

from __future__ import annotations

from crossaccount.access.access_tests.parse import (
    NO_TESTS_FIX,
    TESTS_FILE,
    AccessTest,
    AccessTests,
    AccessTestsError,
    ThenTest,
    emptiness,
    expanded,
    parse_access_tests,
)

__all__ = [
    "NO_TESTS_FIX",
    "TESTS_FILE",
    "AccessTest",
    "AccessTests",
    "AccessTestsError",
    "ThenTest",
    "emptiness",
    "expanded",
    "parse_access_tests",
]
