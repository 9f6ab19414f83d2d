"""The configuration of a repository, field by field, and the links that are guessed from it."""

from collections.abc import Mapping

import pytest

from flash_core.errors import InvalidInputError, UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces.providers import Access
from indexing_service.providers.git.configuration import Configuration, checked, folder_of
from indexing_service.providers.git.failures import refused
from indexing_service.providers.git.links import guessed, rendered
from indexing_service.services.files import DEFAULT_INCLUDE

URL = "https://example.com/team/docs.git"


def reachable(url: str) -> str:
    return "Not there." if "internal" in url else ""


def test_a_configuration_is_kept_as_it_was_given() -> None:
    config = {"url": URL, "branch": "release/2.0", "subfolder": "docs/en", "include": ["*.md"], "azure_wiki": False}
    access = Access({**config, "exclude": None}, {"username": "reader", "token": "secret"})
    kept = checked(access, reachable)
    assert kept == Access(config, {"username": "reader", "token": "secret"})
    assert checked(kept, reachable) == kept
    assert "secret" not in repr(kept)


def test_what_was_not_given_has_defaults() -> None:
    configuration = Configuration.of({"url": URL})
    assert (configuration.branch, configuration.subfolder, configuration.azure_wiki) == (None, "", False)
    assert (tuple(configuration.include), tuple(configuration.exclude)) == (DEFAULT_INCLUDE, ())
    assert configuration.web_url is None


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "config.url"),
        ({"url": 3}, "config.url"),
        ({"url": "https://example.com/a\n"}, "config.url"),
        ({"url": "git@example.com:team/docs.git"}, "config.url"),
        ({"url": "ssh://example.com/team/docs.git"}, "config.url"),
        ({"url": "ext::sh -c id"}, "config.url"),
        ({"url": "--upload-pack=id"}, "config.url"),
        ({"url": "https://example.com/"}, "config.url"),
        ({"url": "https://[::1/docs"}, "config.url"),
        ({"url": "https://example.com:port/docs"}, "config.url"),
        ({"url": "https://me:secret@example.com/docs"}, "config.url"),
        ({"url": "https://example.com./docs"}, "config.url"),
        ({"url": "https://bücher.example/docs"}, "config.url"),
        ({"url": "https://%31/docs"}, "config.url"),
        ({"url": "https://example.com/docs?x=1"}, "config.url"),
        ({"url": "https://internal/docs"}, "config.url"),
        ({"url": "/internal/docs"}, "config.url"),
        ({"url": URL, "branch": "a..b"}, "config.branch"),
        ({"url": URL, "branch": "-x"}, "config.branch"),
        ({"url": URL, "branch": "a b"}, "config.branch"),
        ({"url": URL, "branch": ""}, "config.branch"),
        ({"url": URL, "branch": "x.lock"}, "config.branch"),
        ({"url": URL, "subfolder": "../x"}, "config.subfolder"),
        ({"url": URL, "subfolder": 3}, "config.subfolder"),
        ({"url": URL, "web_url": "javascript:alert(1)"}, "config.web_url"),
        ({"url": URL, "subfolder": "a\x00"}, "config.subfolder"),
        ({"url": URL, "web_url": "https://example.com/{file}"}, "config.web_url"),
        ({"url": URL, "azure_wiki": "yes"}, "config.azure_wiki"),
        ({"url": URL, "include": "*.md"}, "config.include"),
        ({"url": URL, "exclude": [""]}, "config.exclude"),
        ({"url": URL, "depth": 1}, "config.depth"),
    ],
)
def test_a_wrong_configuration_is_refused_by_field(config: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        checked(Access(config), reachable)
    assert [error.field for error in refusal.value.errors] == [field]


@pytest.mark.parametrize(
    ("credentials", "field"),
    [
        ({"token": ""}, "credentials.token"),
        ({"token": "a\nb"}, "credentials.token"),
        ({"username": "me"}, "credentials.token"),
        ({"password": "secret"}, "credentials.password"),
    ],
)
def test_wrong_credentials_are_refused_by_field_and_not_repeated(credentials: Mapping[str, str], field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        checked(Access({"url": URL}, credentials), reachable)
    assert [error.field for error in refusal.value.errors] == [field]
    assert "secret" not in str(refusal.value)


def test_a_folder_is_named_by_its_path_or_as_a_file() -> None:
    assert folder_of("file:///srv/my%20docs") == "/srv/my docs"
    assert folder_of("/srv/docs") == "/srv/docs"
    assert Configuration.of({"url": "/srv/docs"}).is_folder


@pytest.mark.parametrize(
    ("url", "wiki", "link"),
    [
        ("https://github.com/o/r.git", False, "https://github.com/o/r/blob/main/How-to/Set%252Dup.md"),
        (
            "https://gitlab.example.com/g/r.git",
            False,
            "https://gitlab.example.com/g/r/-/blob/main/How-to/Set%252Dup.md",
        ),
        ("https://bitbucket.org/o/r", False, "https://bitbucket.org/o/r/src/main/How-to/Set%252Dup.md"),
        (
            "https://dev.azure.com/o/p/_git/r",
            False,
            "https://dev.azure.com/o/p/_git/r?path=/How-to/Set%252Dup.md&version=GBmain",
        ),
        (
            "https://dev.azure.com/o/p/_git/p.wiki",
            True,
            "https://dev.azure.com/o/p/_wiki/wikis/p.wiki?pagePath=/How%20to",
        ),
        (
            "https://o.visualstudio.com/p/_git/p.wiki",
            True,
            "https://o.visualstudio.com/p/_wiki/wikis/p.wiki?pagePath=/How%20to",
        ),
    ],
)
def test_links_are_guessed_for_the_hosts_that_are_known(url: str, link: str, *, wiki: bool) -> None:
    template = guessed(url, wiki=wiki)
    assert template is not None
    assert rendered(template, {"branch": "main", "path": "How-to/Set%2Dup.md", "page": "How to"}) == link


def test_no_link_is_guessed_where_nobody_knows() -> None:
    assert guessed("https://example.com/o/r", wiki=False) is None
    assert guessed("file:///srv/github", wiki=False) is None


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("fatal: Authentication failed for 'https://x/'", "refuses these credentials"),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 403", "refuses these credentials"),
        ("fatal: repository 'https://x/' not found", "no such repository"),
        ("fatal: unable to access: The requested URL returned error: 301", "final address"),
        ("fatal: detected dubious ownership in repository", "another user"),
        ("fatal: unable to access: SSL certificate problem: self-signed", "certificate"),
        ("fatal: dumb http transport does not support shallow capabilities", "smart protocol"),
        ("fatal: write error: File too large", "larger than 2 GB"),
    ],
)
def test_what_git_says_becomes_what_to_do(said: str, advice: str) -> None:
    error = refused(said, 2_000_000_000)
    assert isinstance(error, UpstreamRejectedError)
    assert advice in str(error)


def test_what_nobody_knows_may_pass() -> None:
    error = refused("remote: busy\nfatal: early EOF\nremote: bye", 1)
    assert isinstance(error, UpstreamUnavailableError)
    assert str(error).endswith("fatal: early EOF")
    assert "says nothing" in str(refused("", 1))


def test_a_number_of_bytes_is_no_status() -> None:
    said = "error: 30455 bytes of body are still expected\nfatal: protocol error: bad pack header"
    assert isinstance(refused(said, 1), UpstreamUnavailableError)
