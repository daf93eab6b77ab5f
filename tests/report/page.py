"""A report's page in a browser, as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

SECONDS = 30


class Page:
    """One page, opened anew."""

    def __init__(self, browser: Any, file: Path) -> None:
        self.browser = browser
        browser.get("about:blank")
        browser.get_log("browser")
        browser.get(file.as_uri())
        WebDriverWait(browser, SECONDS).until(lambda _: self.find("#filters").is_displayed())

    def find(self, selector: str) -> WebElement:
        """The first element."""
        found: WebElement = self.browser.find_element(By.CSS_SELECTOR, selector)
        return found

    def all(self, selector: str) -> list[WebElement]:
        """All elements that can be seen."""
        return [each for each in self.browser.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()]

    def rows(self) -> list[str]:
        """The rows of the table that is shown, each as a line of text."""
        return [" | ".join(each.text.split("\n")) for each in self.all("main section tbody tr")]

    def heads(self) -> list[str]:
        """The first cell of each row."""
        return [each.text for each in self.all("main section tbody th")]

    @property
    def status(self) -> str:
        """What is said of what is shown."""
        return self.find("#status").text

    def search(self, text: str) -> None:
        """Type into the search box."""
        box = self.find("#search")
        box.clear()
        box.send_keys(text)

    def milliseconds_to_search(self, text: str) -> float:
        """How long a search takes, from the key until the answer is laid out."""
        milliseconds: float = self.browser.execute_script(
            "const box = document.getElementById('search'); const start = performance.now(); box.value = arguments[0];"
            "box.dispatchEvent(new Event('input', { bubbles: true })); document.body.getBoundingClientRect();"
            "return performance.now() - start;",
            text,
        )
        return milliseconds

    def choose(self, filter_id: str, text: str) -> None:
        """Choose from one of the filters."""
        Select(self.find(f"#{filter_id}")).select_by_visible_text(text)

    def go(self, view: str) -> None:
        """Follow the link of a view."""
        self.find(f"#views a[href='#{view}']").click()
        WebDriverWait(self.browser, SECONDS).until(lambda _: self.find(f"#view-{view}").is_displayed())

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.browser.switch_to.active_element.send_keys(*keys)

    @property
    def focused(self) -> str:
        """The text of what has the focus."""
        text: str = self.browser.switch_to.active_element.text
        return text

    @property
    def dialog(self) -> str:
        """The text of the open dialog; empty where none is open."""
        found = self.all("dialog[open]")
        return found[0].text if found else ""

    def close(self) -> None:
        """Close the dialog as a keyboard does."""
        self.press(Keys.ESCAPE)

    @property
    def errors(self) -> list[str]:
        """What the console says, and what a policy of the page stopped."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def media(self, **features: str) -> None:
        """Let the page believe in another scheme of colours (``scheme``), or in paper (``media="print"``)."""
        scheme = {"name": "prefers-color-scheme", "value": features.get("scheme", "light")}
        settings = {"media": features.get("media", ""), "features": [scheme]}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", settings)

    def violations(self, axe: str) -> list[str]:
        """What axe finds wrong, rule and place."""
        self.browser.execute_script(axe)
        found = self.browser.execute_async_script(
            "const done = arguments[0]; axe.run(document).then((each) => done(JSON.stringify(each.violations)));"
        )
        return [f"{rule['id']}: {node['target']}" for rule in json.loads(found) for node in rule["nodes"]]
