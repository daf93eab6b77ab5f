"""The docs as a site: every page is in it, and can be found."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from docs.site.build import linked, pages, text_of

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-site" / "bin" / "python"


def test_every_page_but_those_of_tests_is_in_it() -> None:
    found = {str(page) for page in pages()}
    assert {"README.md", "docs/README.md", "docs/findings.md", "examples/tutorial/README.md"} <= found
    assert not [name for name in found if name.startswith("tests/")]


def test_files_that_a_page_links_to_come_with_it() -> None:
    assert Path("docs/images/report-path.png") in set(linked(Path("README.md")))


def test_a_link_to_a_folder_leads_to_its_page() -> None:
    assert "(examples/iam-user/README.md)" in text_of(Path("README.md"))


@pytest.mark.skipif(not PYTHON.exists(), reason="there is no .venv-site: make site")
def test_it_is_built_without_a_dead_link_and_can_be_searched() -> None:
    done = subprocess.run([PYTHON, "docs/site/build.py"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    index = json.loads((ROOT / "build" / "site" / "html" / "search" / "search_index.json").read_text(encoding="utf-8"))
    places = {entry["location"] for entry in index["docs"] if "external ID" in entry["text"]}
    assert any(place.startswith("docs/guide/add-a-third-party.html") for place in places)
