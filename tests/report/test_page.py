"""The page in a real browser: search, filters, paths, findings, keyboard, accessibility, and names that are text."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import JavascriptException

from crossaccount.access.paths import Path as AccessPath
from crossaccount.access.paths.possible import Possible
from crossaccount.report import Report, report_of
from crossaccount.report.decisions import Decision
from crossaccount.report.html import html
from crossaccount.sources import Sources
from tests.report.conftest import MADE
from tests.report.estate import HOSTILE
from tests.report.page import Page

VIEWS = ("paths", "ways", "matrix", "picture", "findings", "dangling", "roles", "changes")
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
MOST_BYTES = 150_000


@pytest.fixture
def page(browser: Any, page_file: Path) -> Iterator[Page]:
    """The page, which must end without an error in the console."""
    found = Page(browser, page_file)
    yield found
    found.media()
    assert found.errors == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The rules of axe, as a script."""
    return files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def test_it_says_who_can_reach_what(page: Page) -> None:
    assert page.rows() == [
        "development/role/Build production/role/Deployer 999999999999 permissions-management unknown always Open",
        "333333333333 (the whole account) production/role/Monitoring 999999999999 list not in 400 days "
        "if its account grants it Open",
        "development/user/Bo production/role/Read 999999999999 list 2026-03-04 always Open",
        "development/user/Bo production/role/Supported 999999999999 none unknown external ID 4711 Open",
        "development/user/David production/role/UpdateApp 999999999999 write unknown with MFA Open",
    ]


def test_columns_for_decisions_are_on_paper_to_be_filled_in(page: Page) -> None:
    assert "Owner" not in page.find("main section table").text
    page.media(media="print")
    assert "Owner" in page.find("main section table").text


def test_decisions_of_owners_are_beside_their_paths(browser: Any, report: Report, tmp_path: Path) -> None:
    bo, read = "arn:aws:iam::111111111111:user/Bo", "arn:aws:iam::999999999999:role/Read"
    supported = read.replace("Read", "Supported")
    decisions = {
        (bo, read): Decision("always", "ann", "keep", "until May"),
        (bo, supported): Decision("always", "ann", "keep", ""),
    }
    file = tmp_path / "decided.html"
    file.write_text(html(report, decisions), encoding="utf-8")
    page = Page(browser, file)
    [row] = [each for each in page.rows() if "role/Read" in each]
    assert "ann keep" in row
    assert "until May" in row
    [due] = [each for each in page.rows() if "role/Supported" in each]
    assert "was 'keep' when it had the conditions: always" in due


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("bo", 2),
        ("david update", 1),
        ("EXTERNAL", 1),
        ("arn:aws:iam::999999999999:role/Read", 1),
        ("333333333333", 1),
        ("nobody", 0),
    ],
)
def test_a_search_leaves_what_has_every_word(page: Page, text: str, left: int) -> None:
    page.search(text)
    assert len(page.rows()) == left
    assert page.status == f"{left} path{'' if left == 1 else 's'}"


def test_filters_narrow_what_a_search_left(page: Page) -> None:
    page.search("production")
    page.choose("from", "development (111111111111)")
    assert len(page.rows()) == 4
    page.choose("asked", "works without MFA")
    assert "with MFA" not in " ".join(page.rows())
    page.choose("asked", "some to meet")
    assert page.heads() == ["development/user/Bo", "development/user/David"]
    page.find("#filters button[type=reset]").click()
    assert len(page.rows()) == 5


def test_a_path_opens_with_both_sides_and_what_the_role_may_do(page: Page) -> None:
    page.search("david")
    page.all("main tbody button")[0].click()
    shown = page.dialog
    assert "arn:aws:iam::111111111111:group/Developers" in shown
    assert '"Resource": [' in shown
    assert '"aws:MultiFactorAuthPresent": "true"' in shown
    assert "write s3:PutObject" in shown
    assert "read s3:GetObject" in shown
    link = page.find("dialog a").get_attribute("href")
    assert link is not None
    assert link.startswith("https://signin.aws.amazon.com/switchrole?account=999999999999&roleName=UpdateApp")


def test_a_path_with_an_external_id_has_no_link_and_says_why(page: Page) -> None:
    page.search("supported")
    page.all("main tbody button")[0].click()
    assert "None: it requires an external ID, which the console cannot pass." in page.dialog
    assert page.all("dialog a") == []


def test_the_keyboard_opens_and_closes_a_path_and_comes_back(page: Page) -> None:
    opener = page.all("main tbody button")[2]
    page.browser.execute_script("arguments[0].focus()", opener)
    page.press("\n")
    assert page.focused == "Close"
    page.close()
    assert page.dialog == ""
    assert page.browser.switch_to.active_element == opener


def test_ways_say_who_gets_there_through_which_roles(page: Page) -> None:
    page.go("ways")
    assert page.rows() == ["codebuild.amazonaws.com development/role/Build production/role/Deployer always –"]
    assert page.status == "1 way"
    page.search("nobody")
    assert page.status == "0 ways"
    page.search("build deployer")
    page.choose("asked", "some to meet")
    assert page.status == "0 ways"
    page.choose("asked", "none: always works")
    assert page.status == "1 way"


def test_what_is_possible_has_a_view_of_its_own(browser: Any, report: Report, tmp_path: Path) -> None:
    role, path = report.paths[0].role, report.paths[0]
    people = "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"
    found = (
        Possible(people, role, "if such a principal exists and its account grants it", path),
        Possible(f"arn:aws:iam::111111111111:role/{HOSTILE}", role, "with MFA, if it exists", path),
    )
    file = tmp_path / "report.html"
    file.write_text(html(replace(report, possible=found)), encoding="utf-8")
    page = Page(browser, file)
    assert page.find("#views a[href='#possible']").text == "Possible (2)"
    page.go("possible")
    first, second = page.rows()
    pattern = "development/role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"
    assert first == f"possible: {pattern} production/role/Deployer if such a principal exists and its account grants it"
    assert second.startswith(f"possible: development/role/{HOSTILE}")
    page.search("mfa")
    assert page.status == "1 possible"
    page.search("nobody")
    assert page.status == "0 possible"
    page.media()
    assert page.errors == []


def test_a_page_without_anything_possible_has_no_such_view(page: Page) -> None:
    assert page.all("#views a[href='#possible']") == []


def test_the_picture_has_a_lane_for_each_way(page: Page) -> None:
    page.go("picture")
    (lanes,) = page.all("svg.ways")
    boxes = [each.text for each in lanes.find_elements("css selector", "text")]
    assert boxes == ["codebuild.amazonaws.com", "development/role/Build", "production/role/Deployer"]
    assert len(lanes.find_elements("css selector", "path")) == 2
    page.search("nobody")
    assert page.all("svg.ways") == []


def test_a_finding_leads_to_the_paths_of_its_place(page: Page) -> None:
    page.go("findings")
    page.search("XA108")
    assert len(page.rows()) == 1
    page.all("main tbody button")[0].click()
    page.go("paths")
    assert page.heads() == ["development/user/Bo"]
    assert page.find("#only").text == "Only the paths of production/role/Supported: show all"
    page.find("#only button").click()
    assert len(page.rows()) == 5


def test_dangling_grants_stand_by_themselves(page: Page) -> None:
    page.go("dangling")
    assert [row.split()[0] for row in page.rows()] == ["XA201", "XA202", "XA205"]


def test_a_cell_of_the_matrix_opens_its_path(page: Page) -> None:
    page.go("matrix")
    page.find("button[aria-label='development/user/David to production/role/UpdateApp: on conditions']").click()
    assert page.dialog.startswith("development/user/David → production/role/UpdateApp")


def test_the_picture_draws_a_line_for_each_path(page: Page) -> None:
    page.go("picture")
    assert len(page.all("svg:not(.ways) path")) == 5
    assert len(page.all("svg:not(.ways) path.conditional")) == 3
    page.search("david")
    assert [each.text for each in page.all("svg:not(.ways) g text")] == [
        "development/user/David",
        "production/role/UpdateApp",
    ]


def test_a_role_says_what_it_is_and_shows_its_paths(page: Page) -> None:
    page.go("roles")
    page.search("updateapp")
    page.all("main tbody button")[0].click()
    assert "up to 1 h" in page.dialog
    next(each for each in page.all("dialog button") if each.text == "Show its paths").click()
    page.go("paths")
    assert page.heads() == ["development/user/David"]


def test_it_says_what_changed(page: Page) -> None:
    page.go("changes")
    assert page.status.endswith("changes, broadening")
    assert any("development/user/David → production/role/UpdateApp" in row for row in page.rows())


def test_names_and_documents_are_text_and_nothing_else(page: Page) -> None:
    for view in VIEWS:
        page.go(view)
        assert page.browser.title == "Access report, 2026-01-02"
        assert page.browser.execute_script("return document.querySelectorAll('img, iframe, script').length") == 2
    page.go("roles")
    page.search("updateapp")
    page.all("main tbody button")[0].click()
    assert HOSTILE in page.dialog


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<img src=x onerror=alert(1)>'",
        "document.createElement('script').textContent = 'alert(1)'",
        "document.body.setAttribute('onclick', 'alert(1)')",
        "return fetch('https://example.com/')",
    ],
)
def test_the_page_has_no_way_to_markup_code_or_network(page: Page, attempt: str) -> None:
    with pytest.raises(JavascriptException, match=r"Trusted|Failed to fetch"):
        page.browser.execute_script(attempt)
    assert all("Security Policy" in each or "Trusted" in each for each in page.errors)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(page: Page, axe: str, view: str, scheme: str) -> None:
    page.media(scheme=scheme)
    page.go(view)
    assert page.violations(axe) == []
    if view == "paths":
        page.all("main tbody button")[0].click()
        assert page.violations(axe) == []


def test_paper_has_all_views_and_no_controls(page: Page) -> None:
    page.media(media="print")
    page.browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert len(page.all("main section")) == len(VIEWS)
    assert not page.find("#filters").is_displayed()
    page.browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert len(page.all("main section")) == 1


def test_a_thousand_accounts_open_and_answer_in_under_a_second(browser: Any, report: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html(replace(report, paths=tuple(_of_a_thousand_accounts(report)))), encoding="utf-8")
    assert file.stat().st_size < 10_000_000
    page = Page(browser, file)
    assert page.status == "200,000 paths"
    for view in ("paths", "matrix", "picture"):
        page.go(view)
        for text in ("u", "user-7", "100000000042 deployer", "mfa", ""):
            assert page.milliseconds_to_search(text) < 1_000
    page.search("100000000042 user-7")
    assert page.status == "10 paths"


def _of_a_thousand_accounts(report: Report) -> Iterator[AccessPath]:
    for number in range(200_000):
        like = report.paths[number % len(report.paths)]
        user = f"arn:aws:iam::{100_000_000_000 + number // 20 % 1_000}:user/user-{number % 20}"
        yield like._replace(principal=user)


@pytest.mark.parametrize("view", ["paths", "picture", "matrix", "path"])
def test_the_screenshots_of_the_docs(browser: Any, estate: Callable[..., Sources], tmp_path: Path, view: str) -> None:
    file = tmp_path / "report.html"
    made = replace(report_of(estate(said="ReadOnly"), MADE), sources=("live:development", "live:production"))
    file.write_text(html(made), encoding="utf-8")
    page = Page(browser, file)
    if view == "path":
        page.search("david")
        page.all("main tbody button")[0].click()
    else:
        page.go(view)
    picture = tmp_path / f"report-{view}.png"
    browser.save_screenshot(str(picture))
    assert 5_000 < picture.stat().st_size < MOST_BYTES
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, SCREENSHOTS)
