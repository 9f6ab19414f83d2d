"""Documents that are known by their versions under another name, and those that are not."""

import pytest

from indexing_service.interfaces import Item
from indexing_service.interfaces.providers import Inventory
from indexing_service.interfaces.syncing import Known
from indexing_service.services.planning import renamed_in_inventory

KNOWN = {name: Known(name, version) for name, version in {"a": "1", "b": "2", "c": "2", "d": ""}.items()}


def listing(*, complete: bool = True, tells_renames: bool = True, **versions: str) -> Inventory:
    items = [Item(at, name, version=version) for at, (name, version) in enumerate(versions.items())]
    return Inventory(items, complete, tells_renames=tells_renames)


@pytest.mark.parametrize(
    ("inventory", "renamed"),
    [
        (listing(new="1"), {"a": "new"}),
        (listing(new="1", a="1"), {}),
        (listing(new="1", other="1"), {}),
        (listing(new="2"), {}),
        (listing(new=""), {}),
        (listing(new="1", complete=False), {}),
        (listing(new="1", tells_renames=False), {}),
    ],
)
def test_a_new_name_with_the_version_of_the_one_that_is_gone_is_a_rename(
    inventory: Inventory, renamed: dict[str, str]
) -> None:
    assert renamed_in_inventory(inventory, KNOWN) == renamed
