"""What a person sees on Label Studio's own page, and what comes back of what is done there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.records import Batch, Item, Span, Spans
from bridge.testing import batch_of, replay
from memory_platform import mail, truth
from tests_real.labelstudio.browser import browser
from tests_real.labelstudio.loop import Loop
from tests_real.labelstudio.page import LabelingPage, in_one_line
from tests_real.labelstudio.rig import LabelStudioRig, People, labelstudio_rig, make_project

WHO = "eve"
SEEN = 10
RAW = {
    "queue": {"depth": 18, "batch": 6},
    "acquisition": {"hold_out_share": 0.4},  # so that some are asked among so few
}


@pytest.fixture(scope="module")
def page(people: People) -> Iterator[LabelingPage]:
    with browser() as driver:
        yield LabelingPage(driver, people, WHO)


# ---------------------------------------------------------------------------------------- choices


def test_a_person_works_through_the_queue(
    people: People, page: LabelingPage, tmp_path: Path
) -> None:
    """Pre-annotations are ticked, hold-out items show nothing, and the order is Bridge's."""
    with labelstudio_rig(people, "single", ("ham", "spam")) as rig:
        loop = Loop(rig, tmp_path / "loop", RAW, truth)
        rig.add_items(list(mail(80).values()))
        for _ in range(3):
            loop.sync()
            loop.annotate(12)
        before = loop.sync()
        entries = loop.queued()[:SEEN]
        assert any(entry.hold_out for entry in entries)
        assert any(entry.prediction for entry in entries)
        page.open(rig.project)
        for entry in entries:
            page.show(str(entry.item.text))
            guess = entry.prediction.chosen("single") if entry.prediction else ()
            assert page.chosen() == guess
            if entry.hold_out:
                assert guess == ()
            page.photograph(tmp_path / f"{'ticked' if guess else 'bare'}.png")
            right = truth(entry.item.key)
            if right not in guess:
                page.choose(right)
            page.submit(lambda shown=entry.item.text: page.text != shown)
        after = loop.sync()
        assert after.labels == before.labels + SEEN
        answers = loop.answers()
        assert all(answers[e.item.key] == [truth(e.item.key)] for e in entries)


def test_the_address_of_the_page_passes_over_the_queue(people: People, page: LabelingPage) -> None:
    """Why annotators begin with the button: without it, the page asks in its view's order."""
    items = list(mail(6).values())
    with labelstudio_rig(people, "single", ("ham", "spam")) as rig:
        rig.add_items(items)
        platform = rig.connect()
        platform.push(batch_of(items[3:], ("ham", "spam")), platform.schema())
        page.open_address(rig.project)
        page.show(str(items[0].text))
        assert page.chosen() == ()
        page.open(rig.project)
        page.show(str(items[0].text))  # it stays on the screen until it is answered
        page.choose("spam")
        page.submit(lambda: page.text != items[0].text)
        page.show(str(items[3].text))


# ------------------------------------------------------------------------------------------ spans

FAMILY = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
FLAG = "\N{REGIONAL INDICATOR SYMBOL LETTER C}\N{REGIONAL INDICATOR SYMBOL LETTER H}"
THUMB = "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}"
ZOE = "Zoe\N{COMBINING ACUTE ACCENT}"
SYMBOL = "\N{MATHEMATICAL SCRIPT CAPITAL X}yz"

HARD = (
    f"\N{GRINNING FACE} Ann met {ZOE} {FAMILY} and {FLAG}\nBob {THUMB} in\r\nGenève &amp; <b>\n"
    f"  {SYMBOL}  end\t\N{GRINNING FACE} C:\\new\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}way\n\n  last"
)
MEANT = [
    "Ann",
    ZOE,
    FAMILY,
    f"{FLAG}\nBob",
    THUMB,
    "in\r\nGenève",
    "&amp; <b>",
    f"{SYMBOL}  end\t\N{GRINNING FACE}",
    "C:\\new\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}way\n\n  last",
]
SHOWN = [in_one_line(text) for text in MEANT]
SPANS = Spans(
    spans=tuple(
        Span(start=HARD.index(text), end=HARD.index(text) + len(text), class_name="person")
        for text in MEANT
    )
)
INTERFACE = (
    '<View><Labels name="who" toName="t"><Label value="person" alias="PER"/></Labels>'
    '<Text name="t" value="$text"/></View>'
)


@pytest.fixture
def rig(people: People) -> Iterator[LabelStudioRig]:
    with labelstudio_rig(people, "single", ("unused", "too")) as rig:
        rig.project = make_project(people, INTERFACE)
        rig.add_items([Item(key="hard", text=HARD)])
        yield rig


def queued(rig: LabelStudioRig) -> Batch:
    batch = batch_of([Item(key="hard", text=HARD)], ("person",))
    platform = rig.connect()
    assert platform.push(batch, platform.schema()).refused == ()
    return batch


def pulled(rig: LabelStudioRig) -> Any:
    """Return the one answer, as the adapter pulls it; nothing may be unreadable."""
    pages = list(rig.connect().pull(None))
    assert [problem for page in pages for problem in page.problems] == []
    annotations = replay(pages)[1]
    return next(iter(annotations.values()), None)


def test_spans_that_were_predicted(rig: LabelStudioRig, page: LabelingPage, tmp_path: Path) -> None:
    """Offsets in code points highlight what was meant, and come back unchanged."""
    regions = [
        {
            "from_name": "who",
            "to_name": "t",
            "type": "labels",
            "value": {"start": span.start, "end": span.end, "labels": ["PER"]},
        }
        for span in SPANS.spans
    ]
    row = {"task": rig.tasks["hard"], "score": 0.5, "model_version": "m-1", "result": regions}
    path = f"/api/projects/{rig.project}/"
    assert rig.people.call("POST", f"{path}import/predictions", json=[row])["created"] == 1
    rig.people.call("PATCH", path, json={"model_version": "m-1"})
    page.open(rig.project)
    page.show(HARD)
    page.wait(page.highlighted)
    page.photograph(tmp_path / "predicted.png")
    assert page.highlighted() == SHOWN
    page.submit(lambda: pulled(rig))
    assert pulled(rig).value == SPANS


def test_spans_that_are_marked_by_hand(
    rig: LabelStudioRig, page: LabelingPage, tmp_path: Path
) -> None:
    """Texts selected with the mouse come back as code-point spans of the same texts."""
    queued(rig)
    page.open(rig.project)
    page.show(HARD)
    assert page.highlighted() == []
    for count, text in enumerate(MEANT, start=1):
        page.mark(text, "person")
        assert page.highlighted() == SHOWN[:count]
    page.photograph(tmp_path / "marked.png")
    page.submit(lambda: pulled(rig))
    answer = pulled(rig)
    assert answer.annotator == rig.called(WHO)
    assert [HARD[span.start : span.end] for span in answer.value.spans] == MEANT
    assert answer.value == SPANS
