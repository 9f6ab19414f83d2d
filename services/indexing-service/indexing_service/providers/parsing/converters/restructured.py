"""reStructuredText, also with the directives and roles of Sphinx."""

import re
from typing import Any, ClassVar, Final

from bs4 import BeautifulSoup
from docutils import nodes
from docutils.core import publish_parts
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en

from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.web import of_soup

_SETTINGS: Final = {
    "file_insertion_enabled": False,  # `include` would read this machine's files
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,  # remarks about the source are not part of it
    "halt_level": 5,
    "syntax_highlight": "none",
    "math_output": "LaTeX",
    "line_length_limit": 1_000_000,
    "embed_stylesheet": False,
    "stylesheet_path": None,
    "initial_header_level": 1,
    "doctitle_xform": True,
}
_DIRECTIVE = re.compile(r"^[ \t]*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([\w:.+-]+?)::", re.MULTILINE)
_ROLE = re.compile(r":([\w:.+-]+):`")
_TARGET = re.compile(r"^[!~]?(.*?)\s*<[^>]*>$", re.DOTALL)
_CODE: Final = frozenset({"code-block", "sourcecode", "highlight-block"})
_WITHOUT_TEXT: Final = frozenset({"toctree", "index", "currentmodule", "highlight", "include", "literalinclude"})


def convert(data: bytes) -> Converted:
    source = data.decode()
    _know_all(source)
    parts = publish_parts(source, writer="html5", settings_overrides=_SETTINGS)
    soup = BeautifulSoup(parts["html_body"], "html.parser")
    for block in soup.select("pre.code"):
        classes = [one for one in block.get_attribute_list("class") if one not in {"code", "literal-block"}]
        block["class"] = f"language-{classes[0]}" if classes else ""
    for message in soup.select(".system-message"):
        message.decompose()
    return Converted(BeautifulSoup(parts["title"], "html.parser").get_text(), of_soup(soup))


def _know_all(source: str) -> None:
    """Directives and roles that only Sphinx or an extension knows keep their words."""
    for name in {match.lower() for match in _DIRECTIVE.findall(source)}:
        if name in _CODE:
            directives.register_directive(name, _code_directive())
        elif name not in directives._directive_registry and name not in en.directives:  # noqa: SLF001  # there is no question to ask
            directives.register_directive(name, _Words)
    for name in {match.lower() for match in _ROLE.findall(source)}:
        if name not in roles._role_registry and name not in en.roles:  # noqa: SLF001  # there is no question to ask
            roles.register_local_role(name, _words_role)


def _code_directive() -> Any:
    found, _ = directives.directive("code", en, None)
    return found


class _Words(Directive):  # type: ignore[misc]  # docutils has no types
    """An unknown directive: its argument and its content, as paragraphs."""

    optional_arguments: ClassVar[int] = 1
    final_argument_whitespace: ClassVar[bool] = True
    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        if self.name in _WITHOUT_TEXT:
            return []
        box = nodes.container()
        if self.arguments:
            box += nodes.paragraph("", self.arguments[0])
        self.state.nested_parse(self.content, self.content_offset, box)
        return list(box.children)


def _words_role(
    role: str,  # noqa: ARG001  # docutils' signature
    rawtext: str,
    text: str,
    *_: Any,
    **__: Any,
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """`:ref:`Words <target>`` is its words."""
    titled = _TARGET.match(text)
    return [nodes.inline(rawtext, titled[1] if titled else text.lstrip("!~"))], []
