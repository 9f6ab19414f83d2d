"""No text, however it was made, keeps the event loop busy: other answers are being written in the same process."""

import time

import pytest

from ai_main_service.services.citations import MarkerFilter
from ai_main_service.services.cleaning import visible
from ai_main_service.services.opening import Opening
from ai_main_service.services.plain import one_line
from ai_main_service.services.questions import Question
from ai_main_service.services.selection import Selection
from ai_main_service.services.sentences import split
from tests.unit.ai_main_service.builders import passage

LENGTH = 6_000
PIECES = (
    *("<a ", "<!--", "<p display:none ", "`a", "[", "[a](", "![a", "|", "- ", "-", ". ", "A.", "1. ", "{% ", "{{"),
    *('"', " ", "*", "\n", ">", "a", "(", "the is an ", "Aa ", "a_"),
)
SECONDS = 3.0  # a text that makes an expression explode takes minutes


@pytest.mark.parametrize("piece", PIECES)
def test_repetitions_take_no_more_than_a_moment(piece: str) -> None:
    text = piece * (LENGTH // len(piece)) + "x"
    began = time.thread_time()
    split(visible(text))
    one_line(text)
    marker_filter = MarkerFilter({1}, lambda _: True)
    assert len(marker_filter.feed(text) + marker_filter.close()) > 0
    question = Question(text[:2_000])
    Selection(question, [passage(text)]).choose()
    assert question.asked
    opening = Opening()
    assert opening.feed(text) + opening.close() == text.lstrip()
    assert time.thread_time() - began < SECONDS
