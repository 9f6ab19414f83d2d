"""E-mails as a page: the subject as heading, who wrote to whom and when, and what."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.web import of_html
from indexing_service.providers.parsing.markdown import heading, joined, one_line

_HEADERS = ("From", "To", "Cc", "Date")


def convert(data: bytes) -> Converted:
    message = message_from_bytes(data, policy=policy.default)
    headers = [(name, str(message.get(name, ""))) for name in _HEADERS]
    attachments = [part.get_filename("") for part in message.iter_attachments()]
    return page(str(message.get("Subject", "")), headers, _body(message), attachments)


def page(subject: str, headers: Sequence[tuple[str, str]], body: str, attachments: Sequence[str]) -> Converted:
    """Attachments are named, not opened."""
    about = [f"- **{name}:** {one_line(value)}" for name, value in headers if value.strip()]
    named = [f"- {one_line(name)}" for name in attachments if name.strip()]
    blocks = [heading(subject, 1), "\n".join(about), body]
    if named:
        blocks += ["**Attachments:**", "\n".join(named)]
    return Converted(one_line(subject), joined(blocks))


def _body(message: EmailMessage) -> str:
    """The plain words, or those of the HTML where there are no others."""
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        text = _text(part) if part is not None else ""
        if text.strip():
            return of_html(text) if kind == "html" else text
    return ""


def _text(part: MIMEPart) -> str:
    try:
        content = part.get_content()
    except (LookupError, UnicodeError):  # an encoding that nobody knows
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return str(content).replace("\r\n", "\n")
