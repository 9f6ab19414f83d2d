"""Only markers that name a passage reach the reader, however the text is cut; nothing but text can come out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_main_service.services.citations import MarkerFilter


def shown(*pieces: str) -> str:
    marker_filter = MarkerFilter({1, 2, 3}, lambda url: url.startswith("https://ok"))
    return "".join([*(marker_filter.feed(piece) for piece in pieces), marker_filter.close()])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Known [1]. Unknown [9].", "Known [1]. Unknown."),
        ("Both [1, 3] and [2,7].", "Both [1][3] and [2]."),
        ("All [8][9] gone", "All gone"),
        ("array[0] is a marker by its looks", "array is a marker by its looks"),
        ("code `a[9]` stays", "code `a[9]` stays"),
        ("```\nb[9] ![x](http://evil)\n```\n[9]!", "```\nb[9] ![x](…)\n```\n!"),
        ("one ` tick [9]\n`a` [9]", "one  tick\n`a`"),
        ("````\n``` [9]\n````\n[9]x", "````\n``` [9]\n````\nx"),
        ("an image ![alt](http://evil/?q=1) here", "an image alt here"),
        ("a [link](http://evil) and [one](https://ok/x) more", "a link and [one](https://ok/x) more"),
        ('a [link](https://ok/x "title") and [2](https://ok)', 'a [link](https://ok/x "title") and [2](https://ok)'),
        ("[a [b] c](http://evil)", "[a [b] c] (…)"),
        ("[![i](http://evil/i)](http://evil)", "[i] (…)"),
        ("![x][ref]\n[ref]: http://evil", "[x][ref]\n[ref] : …"),
        ("![1] what", "[1] what"),
        ("a [note] and [open", "a [note] and [open"),
        ("[x](http://a b)", "[x] (… b)"),
        ("[x](never closed", "[x] (never closed"),
        ("Stop! And ![", "Stop! And !["),
        ("ends with [1]", "ends with [1]"),
        ("Ranges [1-3], [2\u20139] and [0-999].", "Ranges [1][2][3], [2][3] and [1][2][3]."),
        ("Notes [^1][^9], forms 【2】 and 【9†a.md】.", "Notes [1], forms [2] and."),
        ("One [1][99], two [1; 2], three (1).", "One [1], two [1][2], three (1)."),
        ("The years [2019-2021] and 【open", "The years [2019-2021] and 【open"),
        ("[1]: a label [2]: none", "[1] : a label [2]: none"),
        ("See [1](https://evil) or [1](see below)", "See 1 or [1] (see below)"),
        ("escaped \\[1\\] and \\\\ and \\*", "escaped [1] and \\\\ and \\*"),
        ("A &amp; B &#91;1&#93; &lt;b&gt; &nope &copy;", "A &amp; B [1] &lt;b&gt; &nope ©"),
        ("a<br>b <em>c</em> <!-- d --> <NAME> 1 < 2 x<y", "a b c  &lt;NAME> 1 < 2 x&lt;y"),
        ("<https://ok/x> <https://evil> <a@b.example>", "<https://ok/x> … …"),
        ("https://ok/x, smb://x www.evil.example. a@b.example!", "https://ok/x, smb… …. a…!"),
        ("[x](https://ok/a_(b)) [y](<https://ok/y>)", "[x](https://ok/a_(b)) [y](<https://ok/y>)"),
        ("~~struck~~ ~~~ no", "~~struck~~ ~~~ no"),
        ("```py title=x\na\n```", "```py\na\n```"),
        ("1. Run:\n   ```sh\n   make [9]\n   ```\n2. Done [9].", "1. Run:\n   ```sh\n   make [9]\n   ```\n2. Done."),
        ("- ```\n  a\nb [9]", "- ```\n  a\n  ```\nb"),
        ("> ```\n> a [9]\n\nb", "> ```\n> a [9]\n> ```\n\nb"),
        ("```\nnever closed", "```\nnever closed\n```"),
        ("``` `a` ```", "``` `a` ```"),
        ("| `a | b` | `c` |", "| a | b | `c` |"),
        ("a **bold** and a_b and 5 > 3 & 2", "a **bold** and a_b and 5 > 3 & 2"),
        ("trailing space ", "trailing space "),
        *(
            (f"[1]{colon} //x", "[1] : //x")
            for colon in (":", "\\:", "&colon;", "&#58;", "<b>:", "<!-- -->:", "\u200b:")
        ),
        ("See [1]: it, [a\\]: b", "See [1]: it, [a] : b"),
        ("at //evil.example/x; x; // a.b\n//see it", "at …; x; // a.b\n//see it"),
        ("a--www.evil.example@x.example", "a--…"),
        (">```\n\n>![x](https://evil.example)", ">```\n>```\n\n>x"),
        *((f"Ends. [1]{end}Begins.", "Ends. [1]\nBegins.") for end in "\u000b\u000c\u0085\u2028\u2029"),
        ("Ends.&#8232;Begins.", "Ends.&#8232;Begins."),
        ("[" + "y" * 500 + "](http://evil)", "[" + "y" * 500 + "] (…)"),
        ("[x](" + "y" * 2_100 + ")", "[x] (" + "y" * 2_100 + ")"),
        ("[two\n\nparagraphs](http://evil)", "[two\n\nparagraphs] (…)"),
        ("[x](one\n\ntwo)", "[x] (one\n\ntwo)"),
    ],
)
def test_what_passes_and_what_does_not(text: str, seen: str) -> None:
    assert shown(text) == seen
    assert shown(*text) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("arr[1] = 2 and m[0][12] = List<String>", "arr[1] = 2 and m[0][12] = List&lt;String>"),
        ("Set arr_[1] to 5 [1].", "Set arr_[1] to 5."),
        ("Paris [1][2] it is[1][2]. Yes[3]", "Paris it is. Yes"),
        ("a[1](https://evil) and [x][1] b", "a1 and [x] b"),
    ],
)
def test_where_nothing_can_be_cited_an_index_is_text(text: str, seen: str) -> None:
    for pieces in ([text], text):
        marker_filter = MarkerFilter((), lambda _: False)
        assert "".join([*map(marker_filter.feed, pieces), marker_filter.close()]) == seen


@given(st.text(alphabet="[]() 12a._:,\n", max_size=40), st.integers(1, 9))
def test_an_index_does_not_depend_on_how_the_text_was_cut(text: str, size: int) -> None:
    whole, cut = (MarkerFilter((), lambda _: False) for _ in range(2))
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert "".join([*map(cut.feed, pieces), cut.close()]) == whole.feed(text) + whole.close()


def test_a_marker_is_held_back_until_it_is_known() -> None:
    marker_filter = MarkerFilter({1}, lambda _: False)
    assert marker_filter.feed("Yes [") == "Yes"
    assert marker_filter.feed("1") == ""
    assert marker_filter.feed("] and") == " [1] and"
    assert marker_filter.close() == ""


@given(st.text(alphabet="[]()!`1 29a\n:<>\"'h,", max_size=60), st.lists(st.integers(0, 60)))
def test_the_outcome_does_not_depend_on_how_the_text_was_cut(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert shown(*pieces) == shown(text)
