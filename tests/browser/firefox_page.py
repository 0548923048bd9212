"""A page of Firefox and what is on it, with Playwright's words as far as `Person` needs them; clicks are real."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.browser.office import until

if TYPE_CHECKING:
    from tests.browser.firefox import FirefoxDevice

PATIENCE_MS = 15_000.0
KEYS = {"Escape": "\ue00c", "Enter": "\ue007", "Tab": "\ue004"}
CONTROL, BACKSPACE = "\ue009", "\ue003"

LOOK = """(one) => {
  const box = one.getBoundingClientRect();
  const isVisible = one.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.height > 0;
  return { isVisible, isEnabled: !one.matches(":disabled"), isChecked: one.checked === true };
}"""
AIM = """(one) => {
  if (one.matches(":disabled") || !one.checkVisibility({ visibilityProperty: true })) return null;
  one.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  let box = one.getBoundingClientRect();
  const hit = (x, y) => {
    const found = document.elementFromPoint(x, y);
    return found !== null && (one.contains(found) || found.closest("label")?.control === one);
  };
  const middle = () => [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
  if (!hit(...middle())) {
    one.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    box = one.getBoundingClientRect();
  }
  return hit(...middle()) ? middle() : null;
}"""
"""Where to press it; null while something lies over it, or it is not to be pressed."""


class Unanswered(AssertionError):
    """The browser could not do it, for instance because the page was just being loaded."""


@dataclass(slots=True, eq=False)
class FirefoxPage:
    """A page in a window of its own, with the words of Playwright's Page."""

    context: FirefoxDevice
    id: str
    keyboard: Keyboard = field(init=False)
    _heard: dict[str, list[Callable[[Any], object]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keyboard = Keyboard(self)

    async def call(self, method: str, **params: Any) -> Any:
        """One command about this page."""
        return await self.context.browser.call(method, context=self.id, **params)

    # ---- what it says ------------------------------------------------------------------------

    def on(self, event: str, take: Callable[[Any], object]) -> None:
        """Be told of `console` and `pageerror`."""
        self._heard.setdefault(event, []).append(take)

    def hear(self, kind: str, text: str) -> None:
        """Pass on what the browser said of the page."""
        for take in self._heard.get("console" if kind == "console" else "pageerror", []):
            take(SimpleNamespace(type="error", text=text) if kind == "console" else text)

    def set_default_timeout(self, _: float) -> None:
        """Ours is PATIENCE_MS."""

    # ---- where it is -------------------------------------------------------------------------

    async def goto(self, url: str) -> None:
        await self.call("browsingContext.navigate", url=url, wait="complete")

    async def reload(self) -> None:
        await self.call("browsingContext.reload", wait="complete")

    async def go_back(self, **_: str) -> None:
        await self._go(-1)

    async def go_forward(self, **_: str) -> None:
        await self._go(1)

    async def _go(self, delta: int) -> None:
        """The command itself does not wait until the other document is there."""
        begun = "() => [performance.timeOrigin, document.readyState]"
        before, _ = await self.evaluate(begun)
        await self.call("browsingContext.traverseHistory", delta=delta)

        async def is_there() -> bool:
            try:
                now, state = await self.evaluate(begun)
            except Unanswered:
                return False
            return bool(now != before and state == "complete")

        await until(is_there, "Firefox: another page of its history is there")

    async def close(self) -> None:
        self.context.browser.pages.pop(self.id, None)
        await self.call("browsingContext.close")

    async def set_viewport_size(self, size: dict[str, int]) -> None:
        await self.call("browsingContext.setViewport", viewport=size)

    async def add_init_script(self, script: str) -> None:
        """Run it before the page's own."""
        await self.context.browser.call(
            "script.addPreloadScript",
            functionDeclaration=f"() => {{ {script}\n}}",
            contexts=[self.id],
        )

    # ---- what is on it -----------------------------------------------------------------------

    async def evaluate(self, function: str, argument: Any = None) -> Any:
        """Call a function of JavaScript, and return what it gives, by way of JSON."""
        told = await self.context.browser.call(
            "script.callFunction",
            functionDeclaration=f"async (given) => JSON.stringify(await ({function})(JSON.parse(given)))",
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            target={"context": self.id},
            awaitPromise=True,
        )
        if told["type"] != "success":
            raise Unanswered(told["exceptionDetails"]["text"])
        return json.loads(told["result"].get("value", "null"))

    def locator(self, selector: str) -> FirefoxElement:
        """Elements by a CSS selector."""
        return FirefoxElement(self, selector)

    def get_by_test_id(self, testid: str) -> FirefoxElement:
        """Elements by the name that tests have for them."""
        return self.locator(f'[data-testid="{testid}"]')

    async def press_at(self, x: int, y: int) -> None:
        """Press the main button of the mouse there."""
        move = {"type": "pointerMove", "x": x, "y": y}
        press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        mouse = {"type": "pointer", "id": "mouse", "actions": [move, *press]}
        await self.call("input.performActions", actions=[mouse])


@dataclass(frozen=True, slots=True)
class Keyboard:
    """The keyboard of a page."""

    page: FirefoxPage

    async def press(self, key: str) -> None:
        """Press and release one key."""
        await self._play([KEYS.get(key, key)])

    async def type(self, text: str) -> None:
        """Write over what is in the field that has the focus."""
        await self._play(["a"], held=CONTROL)
        await self._play([BACKSPACE, *text])

    async def _play(self, keys: list[str], held: str = "") -> None:
        strokes = [(kind, key) for key in keys for kind in ("keyDown", "keyUp")]
        if held:
            strokes = [("keyDown", held), *strokes, ("keyUp", held)]
        actions = [{"type": kind, "value": key} for kind, key in strokes]
        board = {"type": "key", "id": "keyboard", "actions": actions}
        await self.page.call("input.performActions", actions=[board])


@dataclass(frozen=True, slots=True)
class FirefoxElement:
    """Elements of a page, with the words of Playwright's Locator."""

    page: FirefoxPage
    selector: str
    index: int | None = None
    """Which of them; None: there is to be one."""

    @property
    def first(self) -> FirefoxElement:
        return self.nth(0)

    def nth(self, index: int) -> FirefoxElement:
        return replace(self, index=index)

    async def _ask(self, function: str) -> Any:
        """What a function says of the element; None while it is not there."""
        found = f"document.querySelectorAll({json.dumps(self.selector)})"
        call = f"() => {{ const one = [...{found}].at({self.index or 0}); return one ? ({function})(one) : null; }}"
        return await self.page.evaluate(call)

    async def _until(self, function: str, what: str, timeout: float = PATIENCE_MS) -> Any:  # noqa: ASYNC109
        async def holds() -> Any:
            try:
                return await self._ask(function)
            except Unanswered:
                return None  # the page is being loaded

        return await until(holds, f"Firefox: {self.selector} {what}", timeout / 1000)

    async def count(self) -> int:
        found = f"() => document.querySelectorAll({json.dumps(self.selector)}).length"
        return int(await self.page.evaluate(found))

    async def is_visible(self) -> bool:
        seen = await self._ask(LOOK)
        return bool(seen and seen["isVisible"])

    async def is_enabled(self) -> bool:
        seen = await self._until(LOOK, "is there")
        return bool(seen["isEnabled"])

    async def is_checked(self) -> bool:
        seen = await self._until(LOOK, "is there")
        return bool(seen["isChecked"])

    async def wait_for(self, state: str = "visible", timeout: float = PATIENCE_MS) -> None:  # noqa: ASYNC109
        """Wait until it is `visible` or `hidden`."""
        look = f"(one) => ({LOOK})(one).isVisible"
        if state == "visible":
            await self._until(look, "is seen", timeout)
            return

        async def is_hidden() -> bool:
            try:
                return not await self._ask(look)
            except Unanswered:
                return False

        await until(is_hidden, f"Firefox: {self.selector} is not seen", timeout / 1000)

    async def click(self, timeout: float = PATIENCE_MS) -> None:  # noqa: ASYNC109
        """Press it as soon as it can be pressed and lies still."""
        still: list[Any] = []

        async def lies_still() -> Any:
            try:
                at = await self._ask(AIM)
            except Unanswered:
                at = None
            before, still[:] = list(still), [at]
            return at if at is not None and before == [at] else None

        what = f"Firefox: {self.selector} can be pressed"
        await self.page.press_at(*await until(lies_still, what, timeout / 1000, 0.05))

    async def check(self) -> None:
        """Tick it, if it is not."""
        if not await self.is_checked():
            await self.click()
            await self._until("(one) => one.checked", "is ticked")

    async def fill(self, text: str) -> None:
        """Write it into a field, in place of what is there."""
        await self.click()
        await self.page.keyboard.type(text)

    async def get_attribute(self, name: str) -> str | None:
        value = await self._until(f"(one) => [one.getAttribute({json.dumps(name)})]", "is there")
        return None if value[0] is None else str(value[0])

    async def inner_text(self) -> str:
        return str((await self._until("(one) => [one.innerText]", "is there"))[0])

    async def evaluate(self, function: str) -> Any:
        return (await self._until(f"async (one) => [await ({function})(one)]", "is there"))[0]

    async def evaluate_all(self, function: str) -> Any:
        found = f"[...document.querySelectorAll({json.dumps(self.selector)})]"
        return await self.page.evaluate(f"() => ({function})({found})")
