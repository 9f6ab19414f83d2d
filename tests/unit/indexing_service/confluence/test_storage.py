"""The storage format as Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing_service.providers.confluence.references import Place
from indexing_service.providers.confluence.storage import to_markdown

PLACE = Place("https://acme.atlassian.net/wiki", "DEV", "42")


def markdown(storage: str) -> str:
    return to_markdown(storage, PLACE)


def macro(name: str, body: str = "", plain: str = "", **parameters: str) -> str:
    settings = "".join(f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items())
    rich = f"<ac:rich-text-body>{body}</ac:rich-text-body>" if body else ""
    text = f"<ac:plain-text-body><![CDATA[{plain}]]></ac:plain-text-body>" if plain else ""
    return f'<ac:structured-macro ac:name="{name}" ac:schema-version="1">{settings}{rich}{text}</ac:structured-macro>'


def test_text_headings_and_entities_of_html_are_read() -> None:
    assert markdown("<h2>A &mdash; B</h2><p>x&nbsp;y &amp; <strong>z</strong></p>") == "## A — B\n\nx y & **z**"


def test_code_stays_as_it_is_with_its_language_and_title() -> None:
    code = 'if a < b && c["x"]:\n    print("<ac:x>")'
    written = markdown(macro("code", plain=code, language="Python", title="x.py"))
    assert written == f"x.py:\n\n```python\n{code}\n```"


def test_code_that_ends_a_section_of_its_own_comes_back_whole() -> None:
    assert "a]]>b" in markdown(macro("code", plain="a]]]]><![CDATA[>b"))


def test_code_with_fences_in_it_gets_a_longer_one() -> None:
    assert markdown(macro("noformat", plain="```\nx\n```")) == "````\n```\nx\n```\n````"


def test_code_without_anything_in_it_says_nothing() -> None:
    assert markdown(macro("code", language="python", title="Empty")) == ""


@pytest.mark.parametrize(
    ("name", "label"), [("info", "Info"), ("note", "Note"), ("warning", "Warning"), ("tip", "Tip")]
)
def test_panels_are_quotations_with_a_label(name: str, label: str) -> None:
    assert markdown(macro(name, "<p>One</p><p>Two</p>")) == f"> **{label}**\n>\n> One\n>\n> Two"


def test_titles_of_panels_are_kept() -> None:
    assert markdown(macro("info", "<p>x</p>", title="Mind this")) == "> **Info: Mind this**\n>\n> x"
    assert markdown(macro("panel", "<p>x</p>", title="Summary")) == "> **Summary**\n>\n> x"
    assert markdown(macro("panel", "<p>x</p>")) == "> **Panel**\n>\n> x"
    assert markdown(macro("info", "<p> </p>")) == ""


def test_what_is_folded_away_is_read_with_its_title() -> None:
    assert markdown(macro("expand", "<p>Body</p>", title="More")) == "**More**\n\nBody"
    assert markdown(macro("expand", "<p>Body</p>")) == "Body"


@pytest.mark.parametrize("name", ["toc", "children", "pagetree", "include", "anchor"])
def test_what_shows_only_what_stands_elsewhere_is_left_out(name: str) -> None:
    assert markdown(f"<p>a</p>{macro(name, maxLevel='3')}<p>b</p>") == "a\n\nb"


def test_unknown_macros_keep_what_was_written_into_them() -> None:
    assert markdown(macro("acme-box", "<p>kept</p>", secret="setting")) == "kept"
    assert markdown(macro("plantuml", plain="a -> b")) == "```plantuml\na -> b\n```"
    assert markdown(macro("no language", plain="a")) == "```\na\n```"
    assert markdown(macro("markdown", plain="# Title")) == "# Title"


def test_small_macros_stay_in_their_sentence() -> None:
    sentence = f"<p>It is {macro('status', title='DONE', colour='Green')}, see {macro('jira', key='ABC-1')}.</p>"
    assert markdown(sentence) == "It is DONE, see ABC-1."


def test_files_that_are_shown_are_named() -> None:
    shown = '<ac:parameter ac:name="name"><ri:attachment ri:filename="plan.pdf"/></ac:parameter>'
    assert markdown(f'<ac:structured-macro ac:name="view-file">{shown}</ac:structured-macro>') == "plan.pdf"
    assert markdown(macro("view-file")) == ""


def test_tasks_are_a_list_with_boxes() -> None:
    task = (
        "<ac:task><ac:task-id>7</ac:task-id><ac:task-status>{}</ac:task-status>"
        "<ac:task-body>{}</ac:task-body></ac:task>"
    )
    done, open_ = task.format("complete", "Ask"), task.format("incomplete", "Answer by <time datetime='2026-05-01'/>")
    assert markdown(f"<ac:task-list>{done}{open_}</ac:task-list>") == "- [x] Ask\n- [ ] Answer by 2026-05-01"


def test_links_to_pages_lead_there_by_their_title() -> None:
    link = '<ac:link><ri:page ri:content-title="C++ &amp; you" ri:space-key="HR"/>{}</ac:link>'
    address = "https://acme.atlassian.net/wiki/display/HR/C%2B%2B+%26+you"
    assert markdown(link.format("")) == f"[C++ & you]({address})"
    plain = "<ac:plain-text-link-body><![CDATA[here <now>]]></ac:plain-text-link-body>"
    assert markdown(link.format(plain)) == f"[here <now>]({address})"
    assert markdown(link.format("<ac:link-body><em>here</em></ac:link-body>")) == f"[*here*]({address})"
    assert markdown(f"<code>{link.format('')}</code>") == "`C++ & you`"


def test_links_within_the_space_need_no_key() -> None:
    assert "/display/DEV/Guide" in markdown('<ac:link><ri:page ri:content-title="Guide"/></ac:link>')


def test_other_references_are_kept_as_far_as_they_can_be_said() -> None:
    assert markdown('<ac:link><ri:attachment ri:filename="a b.pdf"/></ac:link>') == (
        "[a b.pdf](https://acme.atlassian.net/wiki/download/attachments/42/a%20b.pdf)"
    )
    elsewhere = '<ac:link><ri:attachment ri:filename="x.pdf"><ri:page ri:content-title="P"/></ri:attachment></ac:link>'
    assert markdown(elsewhere) == "x.pdf"
    assert markdown('<ac:link><ri:url ri:value="https://x.example/a(b)"/></ac:link>').endswith(
        "(https://x.example/a%28b%29)"
    )
    assert markdown('<ac:link><ri:url ri:value="javascript:alert(1)"/></ac:link>') == "javascript:alert(1)"
    assert markdown('<ac:link><ri:url ri:value="https://[x"/></ac:link>') == "https://[x"
    assert markdown("<p>By <ac:link><ri:user ri:account-id='1'/></ac:link>.</p>") == "By ."
    assert markdown("<ac:link ac:anchor='x'><ac:link-body>below</ac:link-body></ac:link>") == "below"


def test_pictures_keep_their_words() -> None:
    picture = '<ac:image {}><ri:attachment ri:filename="c.png"/>{}</ac:image>'
    address = "https://acme.atlassian.net/wiki/download/attachments/42/c.png"
    assert markdown(picture.format('ac:alt="A chart"', "")) == f"![A chart]({address})"
    assert markdown(picture.format("", "<ac:caption><p>Growth</p></ac:caption>")) == f"![Growth]({address})"
    assert markdown(picture.format("", "")) == ""
    assert markdown('<ac:image ac:alt="x"><ri:url ri:value="https://x.example/c.png"/></ac:image>').startswith(
        "![x](https"
    )
    assert markdown("<h2>" + picture.format('ac:alt="A chart"', "") + "</h2>") == "## A chart"


def test_signs_that_mean_something_are_kept() -> None:
    sign = '<ac:emoticon ac:name="{}" ac:emoji-fallback="{}"/>'
    assert markdown(sign.format("tick", ":check:")) == "✅"
    assert markdown(sign.format("blue-star", "🚀")) == "🚀"
    assert markdown(f"x{sign.format('smile', ':)')}") == "x"


def test_tables_keep_their_header_and_have_one_line_a_row() -> None:
    cell = f"<ul><li>one</li><li>two</li></ul>{macro('code', plain='ls | wc', language='bash')}"
    rows = f"<tr><th><p>A</p></th><th>B</th></tr><tr><td><p>x|y</p></td><td>{cell}</td></tr>"
    table = f"<table><colgroup><col/></colgroup><tbody>{rows}</tbody></table>"
    assert markdown(table).splitlines() == ["| A | B |", "| --- | --- |", "| x\\|y | - one - two ``` ls \\| wc ``` |"]


def test_panels_and_tables_within_a_cell_become_text() -> None:
    inner = "<table><tbody><tr><td>i</td><td>j</td></tr><tr><td>k</td><td>l</td></tr></tbody></table>"
    row = f"<tr><td>{inner}</td><td>{macro('info', '<p>x</p>')}</td></tr>"
    table = f"<table><tbody><tr><th>A</th><th>B</th></tr>{row}</tbody></table>"
    assert markdown(table).splitlines()[-1] == "| i, j; k, l | **Info** x |"


def test_a_cell_over_several_rows_stands_in_each() -> None:
    table = (
        "<table><tbody><tr><th>A</th><th>B</th><th>C</th></tr>"
        '<tr><td>1</td><td rowspan="2">both</td><td>x</td></tr><tr><td>2</td><td>y</td></tr>'
        '<tr><td colspan="2">wide</td><td rowspan="9">last</td></tr><tr><td>3</td><td>4</td></tr></tbody></table>'
    )
    rows = markdown(table).splitlines()
    assert rows[2:4] == ["| 1 | both | x |", "| 2 | both | y |"]
    assert rows[5] == "| 3 | 4 | last |"


@pytest.mark.parametrize("rows", ["1", "0", "x", "999999999999"])
def test_strange_spans_of_rows_do_no_harm(rows: str) -> None:
    assert "| a | b |" in markdown(f'<table><tr><td rowspan="{rows}">a</td><td>b</td></tr></table>')


def test_the_new_editors_blocks_are_read_in_their_old_form() -> None:
    attribute = '<ac:adf-attribute key="panel-type">note</ac:adf-attribute>'
    node = f'<ac:adf-node type="panel">{attribute}<ac:adf-content><p>new</p></ac:adf-content></ac:adf-node>'
    fallback = "<ac:adf-fallback><p>old</p></ac:adf-fallback>"
    assert markdown(f"<ac:adf-extension>{node}{fallback}</ac:adf-extension>") == "old"
    assert markdown(f"<ac:adf-extension>{node}</ac:adf-extension>") == "new"


def test_layouts_are_read_one_cell_after_the_other() -> None:
    cells = "<ac:layout-cell><p>left</p></ac:layout-cell><ac:layout-cell><p>right</p></ac:layout-cell>"
    layout = f"<ac:layout><ac:layout-section>{cells}</ac:layout-section></ac:layout>"
    assert markdown(layout) == "left\n\nright"


def test_a_rule_is_not_taken_for_settings_at_the_top() -> None:
    assert markdown("<hr/><p>title: x</p><hr/>").startswith("***")


@pytest.mark.parametrize(
    "broken", ["<p>a <b>b", "<![CDATA[ a", "<!a", "<p a='", "&bogus; <<>>", "<ac:link>", "<table><td>x"]
)
def test_what_is_not_well_formed_is_read_all_the_same(broken: str) -> None:
    assert "end" in markdown(f"<p>end</p>{broken}")


def test_elements_within_each_other_without_end_leave_their_text() -> None:
    assert markdown("<div>" * 3_000 + "deep" + "</div>" * 3_000) == "deep"


@given(st.text(alphabet="<>/=\"'&;[]!-:abcri \n", max_size=200))
def test_nothing_is_an_error(storage: str) -> None:
    markdown(storage)


@pytest.mark.parametrize(
    "table",
    [
        "<tr>" + '<td rowspan="200">some words</td>' * 150 + "</tr>" + "<tr></tr>" * 200,
        "<tr>" + '<td colspan="1000">x</td>' * 250 + "</tr>",
    ],
    ids=["rows", "columns"],
)
def test_a_small_page_does_not_become_a_large_one_by_its_spans(table: str) -> None:
    page = f"<table>{table}</table>"
    assert len(markdown(page)) < 50_000 + 10 * len(page)


def test_a_row_of_thousands_of_cells_that_go_on_is_read_in_time() -> None:
    assert markdown("<table><tr>" + '<td rowspan="9">x</td>' * 5_000 + "</tr>" + "<tr></tr>" * 9 + "</table>")
