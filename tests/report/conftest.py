"""The small estate as a report and as a page, and the browser that reads pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossaccount.report import Report, report_of
from crossaccount.report.html import html
from crossaccount.sources import Sources, read_sources
from tests.report.estate import write_estate

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1280,860",
)


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Sources]:
    """The small estate, read from its files."""

    def read(**options: str) -> Sources:
        folder = tmp_path_factory.mktemp("estate")
        *files, _, accounts = write_estate(folder, **options)
        return read_sources(files, _no_program, directory=folder, accounts=Path(accounts))

    return read


@pytest.fixture(scope="session")
def report(estate: Callable[..., Sources]) -> Report:
    """The report of the small estate, since a day when only development was there."""
    now = estate()
    return report_of(now, MADE, Sources(now.details[:1], now.accounts, now.described[:1]))


@pytest.fixture(scope="session")
def page_file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's page."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(html(report), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Debian's Chromium, without a network."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs a browser: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(driver))
    yield found
    found.quit()


def _no_program() -> Any:
    raise AssertionError("no source is a stack")
