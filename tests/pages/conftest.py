"""The sample city behind a running site, and Chromium in front of it, at a desk and on a phone.

Pages are looked at as a reader does: what is shown, what it opens. Every page that a test opens is watched; errors on
the console, broken content policy, requests to another host and answers of 500 fail the test that caused them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, ViewportSize

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES: dict[str, "ViewportSize"] = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
CITY = "620100"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Every test here is a page test on the database, run after those that roll back what they write."""
    item.add_marker(pytest.mark.pages)
    item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture
def _django_db_helper(site: str) -> None:
    """In place of pytest-django's: the city is loaded once, so nothing is flushed between pages."""


@pytest.fixture(scope="package")
def chromium(site: str) -> Iterator["Browser"]:
    """One Chromium for all pages; started after the data is there, because it occupies the thread's event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(django_db_setup: None, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a running site with the sample city, placed and diagnosed; it stays for all pages and goes at the end."""
    if not CHROMIUM.exists():
        pytest.skip(f"Chromium absent: {CHROMIUM} is not there (apt-get install chromium)")
    from lianpu.site.assets import ASSETS, node_modules

    if not all((node_modules() / file).is_file() for file in ASSETS.values()):
        pytest.skip("front-end files absent: run npm ci, or make up")
    from django.conf import settings
    from django.core.management import call_command
    from pytest_django.live_server_helper import LiveServer

    settings.STATIC_ROOT.mkdir(exist_ok=True)
    patch = pytest.MonkeyPatch()
    # Playwright keeps an event loop in this thread, so Django takes the clean-up after it for asynchronous code.
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with django_db_blocker.unblock():
        _sample_city()
        server = LiveServer("localhost")
        yield server.url
        server.stop()
        call_command("flush", verbosity=0, interactive=False)
    patch.undo()


def _sample_city() -> None:
    from lianpu.chains.services import diagnose_place, load_maps, place_enterprises
    from lianpu.demo.services import load_sample
    from lianpu.places.queries import place_by_code
    from lianpu.places.services import load_gazetteer
    from lianpu.register.rights import SYSTEM

    load_gazetteer(user=SYSTEM)
    load_maps(user=SYSTEM)
    load_sample(user=SYSTEM)
    place_enterprises(user=SYSTEM)
    diagnose_place(user=SYSTEM, place=place_by_code(CITY))


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    """desktop or phone: every page test runs at both."""
    return str(request.param)


@dataclass
class Reader:
    """Somebody in front of the site: a page of the browser, and what went wrong on it."""

    page: "Page"
    site: str
    size: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("response", self._answered)

    def _said(self, message: "ConsoleMessage") -> None:
        # Chromium also reports every 4xx here; those are judged by _answered, which knows what was asked for.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(self.site).netloc:
            self.faults.append(f"request to another host: {url}")

    def _answered(self, response: "Response") -> None:
        page_itself = response.request.resource_type == "document"
        if response.status >= 500 or (response.status >= 400 and not page_itself):
            self.faults.append(f"{response.status} from {response.url}")

    def open(self, path: str) -> int:
        """Go to a page of the site (a path, or an address of it); the status of the answer."""
        response = self.page.goto(path if path.startswith("http") else self.site + path)
        return response.status if response else 0

    def follow(self, selector: str) -> None:
        """Click a link that leads to another page."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector).strip()

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]

    def rows(self, url: str = "") -> int:
        """How many rows a list has, as its foot says; of the list at ``url``, else of the one that is open."""
        if url:
            self.open(url)
        if not self.page.locator("#count").count():
            assert "没有符合条件的" in self.text("#rows"), "neither rows nor the words for none"
            return 0
        return _counted(self.text("#count"))

    def rows_behind(self, url: str) -> int:
        """As :meth:`rows`, of the list to which a number leads, while the page with the number stays open."""
        answer = self.page.request.get(url)
        assert answer.ok, f"{answer.status} from {url}"
        listed = answer.text()
        assert "alert-warning" not in listed, f"the list does not understand {url}"
        return 0 if "没有符合条件的" in listed else _counted(listed)

    def sign_in(self, username: str, password: str = "") -> None:
        """Fill in the form of the sign-in page and send it; the sample accounts share one password."""
        from lianpu.demo.services import PASSWORD

        if "/sign-in/" not in self.page.url:
            self.open("/sign-in/")
        self.page.fill("#id_username", username)
        self.page.fill("#id_password", password or PASSWORD)
        with self.page.expect_navigation():
            self.page.click("main button")


def _counted(words: str) -> int:
    found = re.search(r"共 (\d+) 条", words)
    assert found, words
    return int(found[1])


Visit = Callable[..., Reader]


@pytest.fixture
def visit(site: str, chromium: "Browser", size: str, _signed_in: dict[Any, "BrowserContext"]) -> Iterator[Visit]:
    """``visit()`` is a stranger, ``visit("admin")`` somebody with that sample account, signed in."""
    opened: list[Reader] = []
    strangers: list[BrowserContext] = []

    def enter(username: str = "") -> Reader:
        context = _signed_in.get((username, size)) if username else None
        fresh = context is None
        if context is None:
            context = chromium.new_context(viewport=SIZES[size], locale="zh-CN", reduced_motion="reduce")
            context.set_default_timeout(20_000)
        opened.append(Reader(context.new_page(), site, size))
        if not username:
            strangers.append(context)
        elif fresh:
            opened[-1].sign_in(username)
            _signed_in[username, size] = context
        return opened[-1]

    yield enter
    for reader in opened:
        reader.page.close()
    for context in strangers:
        context.close()
    assert not (faults := [fault for reader in opened for fault in reader.faults]), "\n".join(faults)


@pytest.fixture(scope="package")
def _signed_in(chromium: "Browser") -> dict[Any, "BrowserContext"]:
    """Browser contexts by account and size: each person signs in once, and keeps what the browser has fetched."""
    return {}


@pytest.fixture
def admin(visit: Visit) -> Reader:
    """The bureau's administrator, who may do everything in the whole city."""
    return visit("admin")
