"""The prompts as a model is given them: instructions, then everything that was found or said as delimited data."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from flash_core.interfaces.ai_provider import ChatTurn, GroundingPassage
from flash_core.models.conversation import Role
from flash_core.schemas.chat import Fact, Turn
from flash_core.utils.markers import without_markers
from flash_core.utils.token_count import tokens_of
from flash_core.utils.words import content_stems, detect_language

_OWN_TAG: Final = re.compile(r"<(?=\s*/?\s*(?:passage|conversation))", re.IGNORECASE)
_TURNS: Final = 6
_CHARACTERS_A_TURN: Final = 1_500
_QUESTIONS: Final = 6
_CHARACTERS_A_QUESTION: Final = 300
_FACT_TOKENS: Final = 400


def documentation_turns(
    prompt: str, question: str, passages: Sequence[GroundingPassage], history: Sequence[Turn], facts: Sequence[Fact]
) -> list[ChatTurn]:
    """The prompt of an answer from passages: instructions, then data and question in one turn.

    Of the conversation the model is told what was asked and which `facts` matter for the question (as many as fit a
    budget, however long ago they were said). Earlier answers do not go along: their documents may have changed or be
    closed to the asker by now, and their markers name other passages.
    """
    parts = [_conversation(question, history, facts), *(_quoted(one) for one in passages), f"Question: {question}"]
    return [ChatTurn("system", prompt), ChatTurn("user", "\n\n".join(part for part in parts if part))]


def tokens_in(turns: Sequence[ChatTurn]) -> int:
    return sum(tokens_of(turn.content) for turn in turns)


def general_turns(prompt: str, question: str, history: Sequence[Turn]) -> list[ChatTurn]:
    """The prompt of an answer without documentation."""
    return [ChatTurn("system", prompt), *_recent(history), ChatTurn("user", question)]


def _recent(history: Sequence[Turn]) -> Iterable[ChatTurn]:
    for turn in history[-_TURNS:]:
        text = turn.content if turn.role is Role.USER else without_markers(turn.content)
        yield ChatTurn(turn.role.value, text[:_CHARACTERS_A_TURN])


def _conversation(question: str, history: Sequence[Turn], facts: Sequence[Fact]) -> str:
    asked = [turn.content for turn in history if turn.role is Role.USER][-_QUESTIONS:]
    lines = [f"Asked: {_line(one)[:_CHARACTERS_A_QUESTION]}" for one in asked]
    lines += [f"Established: {_line(fact.statement)}" for fact in _that_matter(question, asked[-1:], facts)]
    said = _defused("\n".join(lines))
    return f"<conversation>\n{said}\n</conversation>" if lines else ""


def _that_matter(question: str, last: Sequence[str], facts: Sequence[Fact]) -> list[Fact]:
    """Those that share words with the question, and what the last answer said: the most words first, then the newest,
    within the budget; in their order.
    """
    language = detect_language(question)
    wanted = frozenset(content_stems(question, language))
    shared = [len(wanted.intersection(content_stems(_words(fact), language))) for fact in facts]
    matter = [place for place, fact in enumerate(facts) if shared[place] or fact.question in last]
    kept, left = [], _FACT_TOKENS
    for place in sorted(matter, key=lambda place: (shared[place], place), reverse=True):
        cost = tokens_of(facts[place].statement)
        if cost <= left:
            kept.append(place)
            left -= cost
    return [facts[place] for place in sorted(kept)]


def _words(fact: Fact) -> str:
    return " ".join((fact.statement, fact.question, *fact.titles))


def _line(text: str) -> str:
    return " ".join(text.split())


def _quoted(passage: GroundingPassage) -> str:
    place = " / ".join((*passage.path, passage.title, *([passage.heading] if passage.heading else [])))
    place = _defused(place).replace('"', "'")
    return f'<passage number="{passage.marker}" from="{place}">\n{_defused(passage.text)}\n</passage>'


def _defused(text: str) -> str:
    """Text that can't close its part of the prompt or open another."""
    return _OWN_TAG.sub("(", text)
