"""Label Studio's labeling page, as a person uses it in a browser.

Class names and labels of elements as in Label Studio 1.23.2.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests_real.labelstudio.rig import PASSWORD, People

WAIT_S = 60
TEXT = ".lsf-richtext__container"
SUBMIT = "button[aria-label='Submit current annotation']"

# Regions in the order of their first piece; a region that crosses a line has a piece on each.
_HIGHLIGHTED = """
const regions = new Map();
for (const piece of document.querySelectorAll('.htx-highlight')) {
  const name = [...piece.classList].find(c => /^htx-highlight-.+/.test(c));
  regions.set(name, (regions.get(name) || '') + piece.textContent);
}
return [...regions.values()];
"""

# The middle of the left edge of the first glyph of a text, and of the right edge of its last.
_EDGES = """
const root = document.querySelector(arguments[0]), wanted = arguments[1];
const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
const places = [];
let all = '';
while (walker.nextNode()) {
  const node = walker.currentNode;
  for (let i = 0; i < node.data.length; i++) places.push([node, i]);
  all += node.data;
}
const from = all.indexOf(wanted);
if (from < 0 || all.indexOf(wanted, from + 1) >= 0) throw new Error(`not once: ${wanted}`);
const [first, start] = places[from], [last, end] = places[from + wanted.length - 1];
const range = document.createRange();
range.setStart(first, start);
range.setEnd(last, end + 1);
const boxes = [...range.getClientRects()].filter(box => box.width);
const [a, z] = [boxes[0], boxes[boxes.length - 1]];
return [a.left + 1, a.top + a.height / 2, z.right, z.top + z.height / 2].map(Math.round);
"""


def in_one_line(text: str) -> str:
    """Return text without its line breaks, which are elements of their own on the page."""
    return text.replace("\r", "").replace("\n", "")


class LabelingPage:
    """The page that shows one task after the other; somebody is logged in."""

    def __init__(self, driver: Chrome, people: People, who: str) -> None:
        self.driver = driver
        self.url = people.server.url
        people.key(who)  # who has no account yet signs up
        driver.get(f"{self.url}/user/login/")
        driver.find_element(By.NAME, "email").send_keys(f"{who}@example.com")
        driver.find_element(By.NAME, "password").send_keys(PASSWORD)
        driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        self.wait(lambda: "/user/login" not in driver.current_url)

    def wait(self, until: Callable[[], Any]) -> Any:
        """Wait until something is so, and return it."""
        gone = (NoSuchElementException, StaleElementReferenceException)
        waiting = WebDriverWait(self.driver, WAIT_S, 0.2, ignored_exceptions=gone)
        try:
            return waiting.until(lambda _: until())
        except TimeoutException:
            shown = self._find("body").text
            raise AssertionError(f"not within {WAIT_S} s; the page shows: {shown}") from None

    def open(self, project: int) -> None:
        """Click on Label All Tasks, which opens what the project serves next."""
        self.driver.get(f"{self.url}/projects/{project}/data")
        button = "//button[contains(., 'Label All Tasks')]"
        self.wait(lambda: self.driver.find_element(By.XPATH, button)).click()
        self._await_task()

    def open_address(self, project: int) -> None:
        """Open the page by its address, in a browser in which no button was ever clicked."""
        self.driver.execute_script("localStorage.clear()")
        self.driver.get(f"{self.url}/projects/{project}/data?labeling=1")
        self._await_task()

    def _await_task(self) -> None:
        self.wait(lambda: self._find(SUBMIT).is_enabled())

    def _find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    @property
    def text(self) -> str:
        """The task's text, without its line breaks."""
        return str(self._find(TEXT).get_attribute("textContent"))

    def show(self, text: str) -> None:
        """Wait until the task with this text is on the screen, and can be answered."""
        self.wait(lambda: self.text == in_one_line(text) and self._find(SUBMIT).is_enabled())

    def chosen(self) -> tuple[str, ...]:
        """Return the choices that are ticked."""
        boxes = self.driver.find_elements(By.CSS_SELECTOR, ".lsf-choice input")
        assert boxes
        return tuple(str(box.get_attribute("name")) for box in boxes if box.is_selected())

    def choose(self, name: str) -> None:
        """Click a choice."""
        self._find(f".lsf-choice input[name={name}]").click()
        self.wait(lambda: name in self.chosen())

    def highlighted(self) -> list[str]:
        """Return the text of each marked region, without line breaks."""
        return list(self.driver.execute_script(_HIGHLIGHTED))

    def mark(self, text: str, label: str) -> None:
        """Choose a label, and drag the mouse over a text that occurs once."""
        before = len(self.highlighted())
        self.driver.find_element(By.XPATH, f"//span[text()='{label}']").click()
        self.wait(lambda: self._find(".lsf-label_selected"))
        edges = self.driver.execute_script(_EDGES, TEXT, in_one_line(text))
        actions = ActionChains(self.driver, duration=50)
        mouse = actions.w3c_actions.pointer_action
        mouse.move_to_location(*edges[:2])
        mouse.pointer_down()
        mouse.move_to_location(*edges[2:])
        mouse.pointer_up()
        actions.perform()
        self.wait(lambda: len(self.highlighted()) > before)

    def submit(self, done: Callable[[], Any]) -> None:
        """Click on Submit, and wait until something is so."""
        self._find(SUBMIT).click()
        self.wait(done)

    def photograph(self, path: Path) -> None:
        """Save what is on the screen."""
        assert self.driver.save_screenshot(str(path))
