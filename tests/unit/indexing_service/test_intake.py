"""Documents that are handed in are stored before anything is said."""

from dataclasses import replace
from uuid import uuid4

import pytest

from flash_core.errors import (
    ConflictError,
    FlashError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
    UnsupportedMediaError,
    UpstreamUnavailableError,
)
from flash_core.models.user import Principal
from flash_core.schemas.documentation import PutDocumentRequest, PutSourceRequest
from flash_core.schemas.indexing import (
    BatchRequest,
    DocumentAcceptedResponse,
    IncomingDocument,
    SingleDocumentRequest,
    SourceType,
)
from flash_core.testing.fakes import FrozenClock
from indexing_service.interfaces import ItemState, JobKind
from indexing_service.services.formats import MAX_FILE
from indexing_service.services.incoming import UploadedFile
from indexing_service.services.intake import DocumentIntake
from indexing_service.services.jobs import ended
from tests.unit.indexing_service.fakes import FakeDatabase, FakeDocumentRegistry, FakeVisibleDocuments
from tests.unit.indexing_service.world import ADMIN, EDITOR, NOON, source, stored

IN_HR = replace(EDITOR, groups=frozenset({"hr"}))
BATCH = BatchRequest(documents=[IncomingDocument(external_id=name, title="New", text=name) for name in "ab"])


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def registry() -> FakeDocumentRegistry:
    return FakeDocumentRegistry()


@pytest.fixture
def intake(database: FakeDatabase, registry: FakeDocumentRegistry) -> DocumentIntake:
    return DocumentIntake(database.unit_of_work, registry, FakeVisibleDocuments(registry), FrozenClock(NOON))


async def test_a_document_is_stored_with_its_job(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    body = SingleDocumentRequest(
        title="Leave", text="25 days\r\n", path=["hr", " "], groups=["hr"], url="https://x.y", updated_at=NOON
    )
    answer = await intake.accept_single(body, EDITOR)
    [row] = database.state.jobs.values()
    assert (row.job.id, row.job.kind, row.job.listed) == (answer.job_id, JobKind.DOCUMENTS, True)
    [document] = database.state.intake.values()
    assert (document.content, document.path, document.groups) == ("25 days\n", ("hr",), frozenset({"hr"}))
    assert (document.url, document.updated_at, document.modified_at) == ("https://x.y", NOON, NOON)
    [uploads] = database.state.sources.values()
    assert (uploads.name, uploads.is_default) == ("Uploads", True)
    assert registry.places[uploads.id] == {document.external_id: answer.document_id}
    assert len(database.events) == 1


async def test_a_request_that_is_made_again_is_accepted_once(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    body = SingleDocumentRequest(title="T", text="x")
    first, again = [await intake.accept_single(body, EDITOR, "first") for _ in range(2)]
    batch, batch_again = [await intake.accept_batch(BATCH, EDITOR, "second") for _ in range(2)]
    assert (first, batch) == (again, batch_again)
    assert [row.job.id for row in database.state.jobs.values()] == [first.job_id, batch.job_id]
    assert len(database.events) == 2
    [uploads] = database.state.sources
    assert len(registry.places[uploads]) == 3


async def test_the_default_source_is_made_once(intake: DocumentIntake, database: FakeDatabase) -> None:
    for _ in range(2):
        await intake.accept_single(SingleDocumentRequest(title="T", text="x"), EDITOR)
    assert len(database.state.sources) == 1
    assert len(database.state.jobs) == 2


async def test_the_same_external_id_is_the_same_document(intake: DocumentIntake) -> None:
    answers = [
        await intake.accept_single(SingleDocumentRequest(title="T", text=text, external_id="t"), EDITOR)
        for text in "xy"
    ]
    assert answers[0].document_id == answers[1].document_id
    assert answers[0].job_id != answers[1].job_id


async def test_of_a_batch_the_last_of_a_name_counts(intake: DocumentIntake, database: FakeDatabase) -> None:
    documents = [
        IncomingDocument(external_id=name, title="T", text=text) for name, text in (("a", "1"), ("b", ""), ("a", "2"))
    ]
    answer = await intake.accept_batch(BatchRequest(documents=documents), EDITOR)
    items = database.state.items[answer.job_id]
    assert [item.external_id for item in items.values()] == ["a", "b"]
    assert database.state.intake[answer.job_id, 0].content == "2"


async def test_what_is_handed_in_is_meant_to_become_the_document_that_is_there_now(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    documents = [IncomingDocument(external_id=name, title="T", text=name) for name in "ab"]
    await intake.accept_batch(BatchRequest(documents=documents), EDITOR)
    [uploads] = database.state.sources
    kept = {one.external_id: one.document_id for one in database.state.intake.values()}
    assert kept == registry.places[uploads]


async def test_what_an_older_job_could_not_do_is_not_kept_when_there_is_something_newer(
    intake: DocumentIntake, database: FakeDatabase
) -> None:
    documents = [IncomingDocument(external_id=name, title="T", text="old") for name in "ab"]
    failed = (await intake.accept_batch(BatchRequest(documents=documents), EDITOR)).job_id
    waiting = (
        await intake.accept_single(SingleDocumentRequest(external_id="a", title="T", text="newer"), EDITOR)
    ).job_id
    assert set(database.state.intake) == {(failed, 0), (failed, 1), (waiting, 0)}
    async with database.unit_of_work() as work:
        await ended(work, failed, None, None)
        await work.commit()
    await intake.accept_single(SingleDocumentRequest(external_id="a", title="T", text="newest"), EDITOR)
    assert (failed, 0) not in database.state.intake
    assert {(failed, 1), (waiting, 0)} < set(database.state.intake)


async def test_only_upload_sources_take_documents(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    folder, uploads = source(), source(kind=SourceType.UPLOAD)
    await stored(database.unit_of_work, folder)
    await stored(database.unit_of_work, uploads)
    batch = [IncomingDocument(external_id="a", title="T", text="x")]
    with pytest.raises(InvalidInputError):
        await intake.accept_batch(BatchRequest(source_id=folder.id, documents=batch), EDITOR)
    with pytest.raises(NotFoundError):
        await intake.accept_batch(BatchRequest(source_id=uuid4(), documents=batch), EDITOR)
    await registry.put_source(uploads.id, PutSourceRequest(name="x", provider="upload", groups=[]))
    await intake.accept_batch(BatchRequest(source_id=uploads.id, documents=batch), EDITOR)


async def handed_in(
    intake: DocumentIntake, registry: FakeDocumentRegistry, *groups: str, by: Principal = ADMIN
) -> DocumentAcceptedResponse:
    """The page `a`, searchable in its first version."""
    body = SingleDocumentRequest(title="Pay", text="Secret.", external_id="a", groups=list(groups))
    accepted = await intake.accept_single(body, by)
    [source_id] = registry.sources
    published = PutDocumentRequest(
        source_id=source_id, external_id="a", title="Pay", path=[], url=None, text="Secret.", groups=list(groups),
        content_hash="1", updated_at=NOON,
    )  # fmt: skip
    await registry.put_document(accepted.document_id, published)
    return accepted


@pytest.mark.parametrize("is_waiting", [False, True])
async def test_what_an_editor_may_not_see_he_does_not_replace(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry, *, is_waiting: bool
) -> None:
    first = await handed_in(intake, registry, "hr")
    if is_waiting:
        registry.live.clear()
    else:
        database.state.intake.clear()
    kept = dict(database.state.intake)
    job_id = (await intake.accept_batch(BATCH, EDITOR)).job_id
    refused, taken = database.state.items[job_id].values()
    assert (refused.external_id, refused.state, taken.state) == ("a", ItemState.FAILED, ItemState.PENDING)
    assert "hr" not in refused.reason
    assert "Pay" not in refused.reason
    assert {key: one.external_id for key, one in database.state.intake.items() if key not in kept} == {(job_id, 1): "b"}
    with pytest.raises(ConflictError):
        await intake.accept_single(SingleDocumentRequest(title="Mine", text="x", external_id="a"), EDITOR)
    with pytest.raises(ConflictError):
        await intake.accept_file(UploadedFile("a", "text/plain", b"Mine."), EDITOR)
    again = await intake.accept_single(SingleDocumentRequest(title="Pay", text="x", external_id="a"), IN_HR)
    assert again.document_id == first.document_id


@pytest.mark.parametrize("is_waiting", [False, True])
async def test_who_handed_a_document_in_may_replace_it_whoever_may_see_it(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry, *, is_waiting: bool
) -> None:
    first = await handed_in(intake, registry, "hr", by=EDITOR)
    if is_waiting:
        registry.live.clear()
    else:
        database.state.intake.clear()
    job_id = (await intake.accept_batch(BATCH, EDITOR)).job_id
    assert {item.state for item in database.state.items[job_id].values()} == {ItemState.PENDING}
    other = replace(EDITOR, user_id=uuid4())
    with pytest.raises(ConflictError):
        await intake.accept_single(SingleDocumentRequest(title="Mine", text="x", external_id="a"), other)
    taken_over = await intake.accept_single(SingleDocumentRequest(title="Pay", text="x", external_id="a"), ADMIN)
    assert taken_over.document_id == first.document_id


async def test_what_another_has_handed_in_since_is_not_ones_own_any_more(
    intake: DocumentIntake, registry: FakeDocumentRegistry
) -> None:
    await handed_in(intake, registry, "hr", by=EDITOR)
    await handed_in(intake, registry, "hr", by=ADMIN)
    with pytest.raises(ConflictError):
        await intake.accept_single(SingleDocumentRequest(title="Mine", text="x", external_id="a"), EDITOR)


async def test_a_name_that_is_free_again_can_be_taken_by_anyone(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    await handed_in(intake, registry, "hr", by=ADMIN)
    database.state.intake.clear()
    registry.live.clear()
    await intake.accept_single(SingleDocumentRequest(title="Mine", text="x", external_id="a", groups=["it"]), EDITOR)
    await intake.accept_single(SingleDocumentRequest(title="Mine", text="y", external_id="a", groups=["it"]), EDITOR)


async def test_administrators_replace_what_they_may_not_see(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    await handed_in(intake, registry, "hr")
    job_id = (await intake.accept_batch(BATCH, ADMIN)).job_id
    assert {item.state for item in database.state.items[job_id].values()} == {ItemState.PENDING}


async def test_in_a_source_that_an_editor_may_not_see_he_only_adds(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    uploads = source("hr", kind=SourceType.UPLOAD)
    await stored(database.unit_of_work, uploads)
    await registry.put_source(uploads.id, PutSourceRequest(name="x", provider="upload", groups=["hr"]))
    body = BATCH.model_copy(update={"source_id": uploads.id})
    await intake.accept_batch(body, EDITOR)
    with pytest.raises(ConflictError):
        await intake.accept_batch(body, replace(EDITOR, user_id=uuid4()))
    await intake.accept_batch(body, EDITOR)
    await intake.accept_batch(body, IN_HR)


async def test_nothing_is_accepted_while_documentation_is_away(
    intake: DocumentIntake, database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    registry.error = UpstreamUnavailableError("away")
    with pytest.raises(UpstreamUnavailableError):
        await intake.accept_single(SingleDocumentRequest(title="T", text="x"), EDITOR)
    assert database.state.jobs == {}
    assert database.state.sources == {}


@pytest.mark.parametrize("external_id", [" ", "a\x00b"])
async def test_an_external_id_must_be_storable(intake: DocumentIntake, external_id: str) -> None:
    with pytest.raises(InvalidInputError):
        await intake.accept_single(SingleDocumentRequest(title="T", text="x", external_id=external_id), EDITOR)


async def test_a_single_empty_document_is_refused(intake: DocumentIntake) -> None:
    with pytest.raises(InvalidInputError):
        await intake.accept_single(SingleDocumentRequest(title="T", text=" \n"), EDITOR)


@pytest.mark.parametrize(
    ("name", "media_type", "expected"),
    [
        ("a.md", "application/octet-stream", "markdown"),
        ("a.MARKDOWN", "", "markdown"),
        ("a.txt", "text/plain", "text"),
        ("a.htm", "", "html"),
        ("a.RST", "", "rst"),
        ("a.csv", "application/octet-stream", "csv"),
        ("a.eml", "", "mail"),
        ("README", "text/markdown; charset=utf-8", "markdown"),
        ("", "text/plain", "text"),
    ],
)
async def test_a_files_format_is_that_of_its_name(
    intake: DocumentIntake, database: FakeDatabase, name: str, media_type: str, expected: str
) -> None:
    await intake.accept_file(UploadedFile(name, media_type, b"Text."), EDITOR)
    [document] = database.state.intake.values()
    assert document.format == expected


async def test_a_file_is_named_by_its_path(intake: DocumentIntake, database: FakeDatabase) -> None:
    file = UploadedFile("C:\\docs\\pond.md", "", b"# Pond", path=("a", "b"), title="T", groups=frozenset({"hr"}))
    answer = await intake.accept_file(file, IN_HR)
    again = await intake.accept_file(file, IN_HR)
    assert again.document_id == answer.document_id
    items = database.state.items[answer.job_id]
    assert items[0].external_id == "a/b/pond.md"
    document = database.state.intake[answer.job_id, 0]
    assert (document.title, document.path, document.groups) == ("T", ("a", "b"), frozenset({"hr"}))


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (UploadedFile("a.pdf", "application/pdf", b"no PDF"), UnsupportedMediaError),
        (UploadedFile("a.docx", "", b"%PDF-1.7"), UnsupportedMediaError),
        (UploadedFile("a.pdf", "", b""), InvalidInputError),
        (UploadedFile("a.md", "", "\ufeff ".encode()), InvalidInputError),
        (UploadedFile("a.pdf", "", b"%PDF" + b"x" * MAX_FILE), TooLargeError),
        (UploadedFile("a", "application/zip", b"PK\x03\x04"), UnsupportedMediaError),
        (UploadedFile("a", "", b"x"), UnsupportedMediaError),
        (UploadedFile("a.md", "", b"\x7fELF\x02\x01\x01\x00"), UnsupportedMediaError),
        (UploadedFile("a.md", "", b" "), InvalidInputError),
        (UploadedFile("a.md", "", b"x" * (MAX_FILE + 1)), TooLargeError),
        (UploadedFile("a.md", "", b"x", external_id="x" * 601), InvalidInputError),
    ],
)
async def test_a_file_that_can_not_be_read_is_refused(
    intake: DocumentIntake, database: FakeDatabase, file: UploadedFile, error: type[FlashError]
) -> None:
    with pytest.raises(error):
        await intake.accept_file(file, EDITOR)
    assert database.state.jobs == {}


async def test_a_file_that_is_no_text_is_kept_as_it_is(intake: DocumentIntake, database: FakeDatabase) -> None:
    await intake.accept_file(UploadedFile("plan.pdf", "", b"%PDF-1.7 \xff\x00"), EDITOR)
    [document] = database.state.intake.values()
    assert (document.format, document.content) == ("pdf", b"%PDF-1.7 \xff\x00")
