"""An OpenAPI document as a page for people: plain HTML, one fold an operation, links to the schemas."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

SECURITY_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
STYLE = files("monitoring_service.api").joinpath("docs.css").read_text(encoding="utf-8")

_REFERENCE = "#/components/schemas/"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} API</title>
<link rel="stylesheet" href="docs/style.css">
</head>
<body>
<header>
<h1>{title} API</h1>
<p>Version {version}. The same as a machine reads it: <a href="openapi.json">openapi.json</a>.
Requests carry <code>Authorization: Bearer &lt;token or API key&gt;</code>; errors are problem documents (RFC 9457).</p>
</header>
<main>
{operations}
<h2 id="schemas">Schemas</h2>
{schemas}
</main>
</body>
</html>
"""


def page(document: Mapping[str, Any]) -> str:
    """The whole page; everything that comes out of the document is escaped."""
    info = document["info"]
    return _PAGE.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        operations="\n".join(_operations(document["paths"])),
        schemas="\n".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items()),
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, item in paths.items():
        for method, operation in item.items():
            by_tag[operation["tags"][0]].append(_operation(method, path, operation))
    for tag in sorted(by_tag, key=str.lower):
        yield f"<h2>{escape(tag)}</h2>"
        yield from by_tag[tag]


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [
        f"<p>{escape(operation.get('description', ''))}</p>",
        _table("Parameters", map(_parameter, operation.get("parameters", ()))),
        _table("Body", _contents(operation.get("requestBody", {}))),
        _table("Responses", _responses(operation.get("responses", {}))),
    ]
    return (
        f"<details><summary><b class={escape(method)}>{escape(method.upper())}</b> <code>{escape(path)}</code> "
        f"{escape(operation.get('summary', ''))}</summary>{''.join(parts)}</details>"
    )


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str, str]:
    where = f"{parameter['in']}{', required' if parameter.get('required') else ''}"
    return escape(parameter["name"]), _kind(parameter.get("schema", {})), escape(where)


def _contents(holder: Mapping[str, Any], label: str = "") -> Iterator[tuple[str, str, str]]:
    description = escape(holder.get("description", ""))
    contents: Mapping[str, Any] = holder.get("content", {})
    for media_type, content in contents.items():
        yield label or escape(media_type), _kind(content.get("schema", {})), description
    if label and not contents:
        yield label, "", description


def _responses(responses: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for status, response in responses.items():
        yield from _contents(response, escape(status))


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    fields = (
        (
            f"{escape(field)}{'' if field in required else ' <i>optional</i>'}",
            _kind(content),
            escape(content.get("description", "")),
        )
        for field, content in schema.get("properties", {}).items()
    )
    body = _table("", fields) or f"<p>{_kind(schema)}</p>"
    description = escape(schema.get("description", ""))
    return f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{description}</p>{body}</section>'


def _table(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    """Rows of HTML: a name, a type, a remark. Nothing without rows."""
    lines = [f"<tr><td><code>{name}</code></td><td>{kind}</td><td>{remark}</td></tr>" for name, kind, remark in rows]
    return f"<h4>{title}</h4><table>{''.join(lines)}</table>" if lines else ""


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, with links to those that have a name."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_REFERENCE))
        return f'<a href="#{name}">{name}</a>'
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " | ".join(map(_kind, schema[several]))
    if "enum" in schema or "const" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    return escape(str(schema.get("format") or schema.get("type") or "any"))
