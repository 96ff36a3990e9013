"""A headless Chromium for tests of pages, driven by Selenium.

    python tests_real/labelstudio/browser.py           # says where it is, or how to install it
    python tests_real/labelstudio/browser.py install   # as root, on Debian and Ubuntu's relatives

Where there is none, tests are skipped; with ``CI`` set they fail, so that CI cannot pass without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

HOW = "Install Debian's packages chromium and chromium-driver, or Chrome with its chromedriver."
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--window-size=1400,1000",
)


@dataclass(frozen=True)
class Programs:
    """Paths of a browser and of the driver that belongs to it."""

    browser: str
    driver: str


def programs() -> Programs | None:
    """Return what is installed; None where one of the two is missing."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    return Programs(found, driver) if found and driver else None


def install() -> None:
    """Install both, unless they are there."""
    if programs() is None:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        wanted = ["chromium", "chromium-driver"]
        subprocess.run(["apt-get", "install", "-y", "-qq", *wanted], check=True)


@contextmanager
def browser() -> Iterator[Chrome]:
    """Run a browser that remembers nothing for the time of a block."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"There is no Chromium with its driver. {HOW}")
        pytest.skip(f"There is no Chromium with its driver. {HOW}")
    with tempfile.TemporaryDirectory(
        prefix="bridge-browser-", ignore_cleanup_errors=True
    ) as profile:
        options = ChromeOptions()
        options.binary_location = found.browser
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = Chrome(options=options, service=ChromeService(found.driver))
        try:
            yield driver
        finally:
            driver.quit()


def main() -> None:
    """Install, or say what is there."""
    if sys.argv[1:] == ["install"]:
        install()
    print(programs() or HOW)


if __name__ == "__main__":
    main()
