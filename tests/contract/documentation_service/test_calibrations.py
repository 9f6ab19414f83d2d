"""The calibrations' repository keeps its promises, in memory and in PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from documentation_service.interfaces import Calibration, OutdatedCalibration, SampledDocument, TransactionFactory
from tests.unit.documentation_service.world import NOON, published, source


def calibration(source_id: UUID, version: int = 1) -> Calibration:
    return Calibration(source_id, version, 80, 0.5, 200, {"leav": 3, "grüße": 1}, NOON)


async def kept(transaction: TransactionFactory, one: Calibration) -> None:
    async with transaction() as work:
        await work.calibrations.put(one)
        await work.commit()


async def outdated(transaction: TransactionFactory) -> list[OutdatedCalibration]:
    async with transaction() as work:
        return await work.calibrations.outdated(NOON)


async def test_a_source_is_outdated_until_its_version_is_calibrated(transaction: TransactionFactory) -> None:
    handbook = source()
    await published(transaction, handbook, "Text")
    [found] = await outdated(transaction)
    assert found.source_id == handbook.id
    assert not found.is_old
    assert found.is_first
    await kept(transaction, calibration(handbook.id, found.version))
    assert await outdated(transaction) == []


async def test_a_change_outdates_a_calibration_and_time_makes_it_old(transaction: TransactionFactory) -> None:
    handbook = source()
    await published(transaction, handbook, "Text")
    [before] = await outdated(transaction)
    await kept(transaction, calibration(handbook.id, before.version))
    await published(transaction, handbook, "More", external_id="more.md")
    [after] = await outdated(transaction)
    assert after.version > before.version
    assert not after.is_old
    assert not after.is_first
    old = replace(calibration(handbook.id, before.version), calibrated_at=NOON - timedelta(seconds=1))
    await kept(transaction, old)
    assert [one.is_old for one in await outdated(transaction)] == [True]


async def test_a_newer_calibration_is_not_replaced_by_an_older_one(transaction: TransactionFactory) -> None:
    handbook = source()
    await published(transaction, handbook, "Text")
    await kept(transaction, calibration(handbook.id, 7))
    await kept(transaction, replace(calibration(handbook.id, 6), cosine=0.1))
    async with transaction() as work:
        assert await work.calibrations.get([handbook.id]) == [calibration(handbook.id, 7)]
        assert await work.calibrations.stamps() == {handbook.id: NOON}


async def test_a_sample_holds_searchable_documents_with_all_their_groups(transaction: TransactionFactory) -> None:
    handbook, other = source("hr"), source()
    await published(transaction, handbook, "Text", "bosses", title="Pay")
    await published(transaction, other, "Elsewhere")
    async with transaction() as work:
        await work.documents.resolve(handbook.id, ["not-yet.md"])
        assert await work.calibrations.sample(handbook.id, 10) == [
            SampledDocument("Pay", "Text", frozenset({"hr", "bosses"}), restricted=True)
        ]
        assert await work.calibrations.sample(handbook.id, 0) == []


async def test_a_deleted_source_is_neither_outdated_nor_known(transaction: TransactionFactory) -> None:
    handbook = source()
    await published(transaction, handbook, "Text")
    await kept(transaction, calibration(handbook.id))
    async with transaction() as work:
        await work.documents.delete_of(handbook.id)
        await work.sources.delete(handbook.id)
        await work.commit()
    assert await outdated(transaction) == []
    async with transaction() as work:
        assert await work.calibrations.stamps() == {}
