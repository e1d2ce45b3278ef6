"""The playground in a browser: open, choose, ask, slide, compare; and no request leaves this machine."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import served
from commands import fails, letheia
from letheia.attacks.file import read_questions
from letheia.models.loading import load_model

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""


@pytest.fixture(scope="module")
def there(checkpoints, people, tmp_path_factory):
    folder = tmp_path_factory.mktemp("play")
    gone = (people.pictured[0].id,)
    gold = load_model(checkpoints["mistral"], name="gold")
    with served.playground(load_model(checkpoints["mistral"]), people, folder, gold=gold, forgotten=gone) as (
        play,
        url,
    ):
        yield play, url


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("no Chromium here")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture
def page(browser, there):
    """The page, opened; every address that it asks for, and every error, is noted."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(60_000)
    asked, errors = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: message.type == "error" and errors.append(message.text))
    opened.goto(there[1])
    opened.wait_for_selector("body[data-ready]")
    yield opened
    opened.close()
    errors = [e for e in errors if not e.startswith("Failed to load resource: the server responded")]
    outside = [u for u in asked if not u.startswith((there[1], "data:"))]
    assert not outside and not errors, (outside, errors)


def ask(page):
    """Ask, and every model's answer once all is there."""
    page.click("#ask")
    return answers(page)


def until(page, holds):
    """Wait until an expression holds; the page's own policy forbids the browser to wait for it."""
    for _ in range(600):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError(holds)


def answers(page):
    until(
        page,
        "[...document.querySelectorAll('article')].every(c => c.querySelector('.answer').className === 'answer'"
        " && c.querySelector('.names p').textContent)",
    )
    cards = page.query_selector_all("article")
    return {c.get_attribute("data-model"): c.query_selector(".answer").inner_text() for c in cards}


def test_choose_ask_slide_and_compare(page, there, people):
    play, _ = there
    gone = people.pictured[0]
    assert page.input_value("#person") == gone.id and gone.name in page.inner_text("#whom")
    found = ask(page)
    assert list(found) == ["original", "gold", "one", "two"] and all(found.values())
    assert found["original"] == found["gold"] != found["one"] != found["two"]
    assert re.search(r"“This is .*”: .* %, number \d+ of \d+ names", page.inner_text("article .names"))
    page.fill("#strength", "0")  # the adapters at no strength are the original
    until(page, "document.querySelector('#strength-shown').textContent === '0.00'")
    page.wait_for_selector("article[data-model=one] .answer.waits")
    slid = answers(page)
    assert slid["one"] == slid["two"] == slid["original"] == found["original"]
    page.select_option("#attack", "begun")
    until(page, "document.querySelector('#variant').options.length > 3")
    page.select_option("#variant", index=2)
    assert page.input_value("#prefix") == "This is"
    assert all(a.startswith("This is") for a in ask(page).values())
    page.click("#add")
    until(page, "document.querySelector('#note').textContent.includes('--attack')")
    assert [q.prefix for q in read_questions(play.questions)] == ["This is"]


def test_a_dropped_picture_and_a_name_alone(page, people, tmp_path):
    file = tmp_path / "mine.png"
    file.write_bytes(people.strangers[0].file.read_bytes())
    page.set_input_files("#file", file)
    page.wait_for_selector("#pictures button[title='your picture'][aria-pressed=true]")
    assert page.input_value("#person") == "" and all(ask(page).values())
    page.select_option("#person", people.pictured[1].id)
    page.click("#pictures button:has-text('by name')")
    until(page, f"document.querySelector('#question').value.includes({people.pictured[1].name!r})")
    assert page.is_hidden("#preview") and all(ask(page).values())


def test_what_goes_wrong_is_said_on_the_page(page, tmp_path):
    file = tmp_path / "broken.png"
    file.write_bytes(b"no picture")
    page.set_input_files("#file", file)
    page.wait_for_selector("#pictures button[title='your picture'][aria-pressed=true]")
    page.click("#ask")
    page.wait_for_selector("article .answer.failed")
    assert "not a readable picture" in page.inner_text("article .answer.failed")
    page.click("#ask")


def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_world_is_there_at_once(world_folder, tmp_path):
    """The command as it is given, on any free port, stopped as it would be: what it was sent is gone."""
    import httpx

    shutil.copytree(world_folder, tmp_path / "serve" / "people")
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONUNBUFFERED": "1"}
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "letheia", "serve", "--output", str(tmp_path / "serve"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as one:
        try:
            told = next(line for line in one.stdout if line.startswith("playground"))
            url = re.search(r"http://127\.0\.0\.1:\d+", told)[0]
            start = httpx.get(f"{url}/play/start", timeout=60).json()
            assert start["models"] == ["original", "gold"] and len(start["people"]) == 64
            names = {
                "shown": {"portrait": start["people"][0]["portraits"][5]["id"], "person": start["people"][0]["id"]}
            }
            asked = {**names, "model": "original", "question": start["question"]}
            found = httpx.post(f"{url}/play/names", json=asked, timeout=60).json()
            assert found["rank"] == 1 and found["probability"] > 0.5
            assert list(Path(environment["TMPDIR"]).glob("letheia-serve-*"))
        finally:
            one.send_signal(signal.SIGTERM)
        assert one.wait(60) == 143
    assert not list(Path(environment["TMPDIR"]).glob("letheia-serve-*"))


def test_bad_input_is_one_line(tmp_path):
    fails(letheia("serve", "--model", "mistrl", "--output", tmp_path / "a"), "mistrl")
    fails(letheia("serve", "--people", tmp_path / "none", "--output", tmp_path / "a"), "entities.jsonl")
    (tmp_path / "file").write_text("")
    fails(letheia("serve", "--output", tmp_path / "file"), "file")
