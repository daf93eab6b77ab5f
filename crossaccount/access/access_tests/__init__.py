"""Access tests: claims as data, read, judged, and warned of where a verdict hangs on what the test does not say."""

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
