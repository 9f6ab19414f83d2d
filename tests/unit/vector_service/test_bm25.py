"""Words as sparse vectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flash_core.models.vector import Alternative
from vector_service.interfaces import SparseVector
from vector_service.services.bm25 import AUTO, AVERAGE_LENGTH, K1, document_vector, query_vectors, term_id


def weights(vector: SparseVector) -> dict[int, float]:
    return dict(zip(vector.indices, vector.values, strict=True))


def query_vector(text: str, language: str) -> SparseVector:
    return next(iter(query_vectors(text, language)), SparseVector((), ()))


def shares(document: str, question: str, language: str = "english") -> set[int]:
    return set(document_vector(document, language).indices) & set(query_vector(question, language).indices)


@pytest.mark.parametrize(
    ("document", "question"),
    [
        ("Vacations are approved by managers.", "Who approves my VACATION?"),
        ("call getUserName() first", "get user name"),
        ("call getUserName() first", "getusername"),
        ("set user_name here", "user name"),
        ("set user_name here", "user_name"),
        ("an HTTP2 server", "http2"),
        ("naïve façade", "NAÏVE"),
        ("東京都の天気", "東京"),
    ],
)
def test_a_question_finds_other_forms_of_its_words(document: str, question: str) -> None:
    assert shares(document, question)


def test_stop_words_carry_nothing() -> None:
    assert not query_vector("what is the of and", "english")
    assert not shares("the cat and the dog", "is the and of a")


def test_identifiers_count_whole_and_in_parts() -> None:
    whole, parts = shares("user_name is set", "user_name"), shares("the user name is set", "user_name")
    assert term_id("user_nam") in whole  # stemmed like every word
    assert parts < whole


def test_stemming_follows_the_language() -> None:
    german = "Die Häuser der Mitarbeiter sind groß"
    assert shares(german, "Haus", "german") or shares(german, "Häusern", "german")
    assert shares(german, "Häusern", "de") == shares(german, "Häusern", "german")
    assert shares(german, "wo sind die Häusern", AUTO) == shares(german, "wo sind die Häusern", "german")


def test_an_unknown_language_is_not_stemmed() -> None:
    assert shares("talossa", "talossa", "finnish-dialect")
    assert not shares("taloissa", "talossa", "finnish-dialect")


def test_a_term_is_worth_more_the_more_often_it_stands_there_but_never_k1_plus_one() -> None:
    term = term_id("leav")
    once, thrice, often = (weights(document_vector("leave " * times, "english"))[term] for times in (1, 3, 500))
    assert once < thrice
    assert often < K1 + 1


def test_a_term_is_worth_more_in_a_shorter_text() -> None:
    filler = " ".join(f"word{number}" for number in range(3 * AVERAGE_LENGTH))
    short, long = document_vector("leave", "english"), document_vector(f"leave {filler}", "english")
    assert weights(short)[term_id("leav")] > weights(long)[term_id("leav")]


def test_a_word_once_in_a_text_of_average_length_weighs_one() -> None:
    text = " ".join(["leave", *("filler" for _ in range(AVERAGE_LENGTH - 1))])
    assert weights(document_vector(text, "english"))[term_id("leav")] == pytest.approx(1)


def test_every_term_of_a_question_weighs_one() -> None:
    vector = query_vector("leave leave policy", "english")
    assert vector.values == (1.0, 1.0)


def test_terms_have_the_same_numbers_in_every_process() -> None:
    assert term_id("leave") == 2_556_232_202


def test_a_text_without_spaces_takes_no_longer_than_another() -> None:
    assert document_vector("x" * 200_000, "english")  # quadratic time would be minutes


@given(st.text(max_size=300))
def test_any_text_is_a_valid_sparse_vector(text: str) -> None:
    for vector in (document_vector(text, AUTO), query_vector(text, AUTO)):
        assert list(vector.indices) == sorted(set(vector.indices))
        assert len(vector.indices) == len(vector.values)
        assert all(0 <= index < 2**32 for index in vector.indices)
        assert all(value > 0 for value in vector.values)
        assert bool(vector) == bool(vector.indices)


def asked(text: str, **synonyms: tuple[str, ...]) -> list[dict[str, float]]:
    """The weights by word of each way to ask; `synonyms` by the word of the text that they stand for."""
    places = sorted((text.index(term), term) for term in synonyms)
    alternatives = [Alternative(start, start + len(term), synonyms[term]) for start, term in places]
    words = " ".join([text, *(one for ways in synonyms.values() for one in ways)]).lower().split()
    names = {index: word for word in words for index in query_vector(word, "english").indices}
    return [
        {names[index]: weight for index, weight in weights(vector).items()}
        for vector in query_vectors(text, "english", alternatives)
    ]


def test_each_way_to_ask_is_a_vector_of_its_own_and_a_synonym_weighs_as_much_as_its_term() -> None:
    assert asked("SRE handbook", SRE=("site reliability engineering", "ops")) == [
        {"sre": 1.0, "handbook": 1.0},
        {"site": 1 / 3, "reliability": 1 / 3, "engineering": 1 / 3, "handbook": 1.0},
        {"ops": 1.0, "handbook": 1.0},
    ]


def test_one_word_for_several_weighs_as_much_as_they_do() -> None:
    text = "site reliability handbook"
    vectors = query_vectors(text, "english", [Alternative(0, len("site reliability"), ("sre",))])
    assert weights(vectors[1]) == weights(query_vector("handbook", "english")) | {term_id("sre"): 2.0}


def test_a_stop_word_can_be_a_term_and_a_synonym_of_stop_words_says_nothing() -> None:
    assert asked("IT", IT=("technology",)) == [{"technology": 1.0}]
    assert asked("technology", technology=("IT",)) == [{"technology": 1.0}]


def test_several_terms_are_combined_and_every_synonym_finds_something() -> None:
    many = tuple(f"word{letter}" for letter in "abcdefghijkl")
    ways = asked("SRE leave", SRE=many, leave=("holiday", "vacation"))
    assert len(ways) == 9
    assert ways[:3] == [{"sre": 1.0, "leave": 1.0}, {"sre": 1.0, "holiday": 1.0}, {"sre": 1.0, "vacation": 1.0}]
    assert {word for way in ways for word in way} == {"sre", "leave", "holiday", "vacation", *many}


@pytest.mark.parametrize(
    ("document", "language", "question"),
    [
        ("Die Reisekosten werden monatlich eingereicht.", "german", "Reisekosten"),
        ("Die Richtlinien gelten für alle.", "german", "Richtlinien"),
        ("Rechnungen werden hier eingereicht.", "german", "Rechnungen einreichen"),
        ("Les remboursements sont mensuels.", "french", "remboursements"),
        ("Per diem rates are paid.", "english", "per diem rates"),
    ],
)
def test_a_word_finds_the_documents_of_every_language_that_is_spoken(
    document: str, language: str, question: str
) -> None:
    [asked] = query_vectors(question, "english", (), ["english", "german", "french"])
    there = document_vector(document, language).indices
    assert set(query_vector(question, language).indices) & set(there) <= set(asked.indices)
    assert set(there) & set(asked.indices)
    assert set(asked.values) == {1.0}


def test_stop_words_of_the_question_stay_out_in_every_language() -> None:
    assert query_vectors("what is the of and", "english", (), ["german"]) == []


def test_a_synonym_weighs_as_much_as_its_term_however_many_languages_there_are() -> None:
    term = Alternative(0, len("expenses"), ("Reisekosten",))
    _, synonym = query_vectors("expenses", "english", [term], ["german"])
    assert synonym.values == (1.0, 1.0)  # Reisekosten and its German stem, either of which a document has


def test_invisible_signs_and_taken_apart_letters_are_no_other_words() -> None:
    assert shares("Ge\u00adha\u0308lter", "Gehälter", "german")
