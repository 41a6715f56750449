"""A page that remembers everything a careful person would complain about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NAMES = re.compile(
    r"Amends|English|JPEG|WebP|HEIC|\bre_\w+|[\w.•-]+@[\w.-]+|[\w.-]+\.(?:jpg|HEIC)", re.I
)
"""Words that are the same in every language."""
LISTEN = """
window.amendsReports = [];
addEventListener("securitypolicyviolation", (event) =>
  window.amendsReports.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""
SETTLED = """() => new Promise((settled) => {
  const moves = () => document.getAnimations().some(
    (one) => one.playState === "running" && one.effect.getComputedTiming().iterations !== Infinity);
  const loads = () => document.readyState !== "complete" || document.querySelector(".htmx-request")
    || [...document.images].some((one) => !one.complete && one.checkVisibility());
  const look = () => loads() || moves() ? setTimeout(look, 20) : requestAnimationFrame(settled);
  look();
})"""
"""Nothing is on its way and no colour is half-way to another: now a page may be judged."""


@cache
def _axe() -> str:
    folder = Path(axe_playwright_python.__file__).parent
    return next(folder.rglob("axe.min.js")).read_text()


@dataclass
class Watched:
    """One tab, with what went wrong in it so far."""

    page: Page
    is_chinese: bool = False
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"console {message.type}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status} {response.url}")

    def look(self, name: str, *, asks_axe: bool = True) -> None:
        """Hold the page against the promises every shopper page keeps; axe is the slow part."""
        page = self.page
        page.evaluate(SETTLED)
        if asks_axe:
            found: list[dict[str, Any]] = page.evaluate(
                f"{_axe()}; axe.run(document, {{runOnly: {RULES}}}).then(all => all.violations)"
            )
            faults = [(rule["id"], rule["nodes"][0]["html"]) for rule in found]
            assert not faults, f"{name}: {faults}"
        facts = page.evaluate(
            """() => ({
              wide: document.documentElement.scrollWidth - innerWidth,
              headings: document.querySelectorAll("h1").length,
              mains: document.querySelectorAll("main").length,
              primaries: [...document.querySelectorAll(".btn-go")].filter(
                (button) => button.checkVisibility()).length,
              reports: window.amendsReports,
            })"""
        )
        assert facts["wide"] <= 0, f"{name} scrolls sideways"
        assert (facts["headings"], facts["mains"]) == (1, 1), name
        assert facts["primaries"] <= 1, f"{name} has {facts['primaries']} primary buttons"
        assert facts["reports"] == [], name
        assert self.troubles == [], name
        if self.is_chinese:
            said = self.english_words()
            assert said == [], f"{name} says {said}"

    def english_words(self) -> list[str]:
        """Return what a Chinese page says in English outside names, numbers and references."""
        texts: list[str] = self.page.evaluate(
            """() => {
              const found = [];
              const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (walk.nextNode()) {
                const parent = walk.currentNode.parentElement;
                if (parent.closest("script, style, template, [lang=en], .mono, textarea")) continue;
                if (!parent.checkVisibility()) continue;
                const text = walk.currentNode.textContent.trim();
                if (text) found.push(text);
              }
              return found;
            }"""
        )
        return [text for text in texts if re.search(r"[A-Za-z]{4,}", NAMES.sub("", text))]


def watch(context: BrowserContext, *, is_chinese: bool = False) -> Watched:
    """Open a watched tab; in Chinese it also complains about English."""
    context.add_init_script(LISTEN)
    return Watched(context.new_page(), is_chinese)
