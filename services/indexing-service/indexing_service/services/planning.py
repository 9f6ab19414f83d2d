"""What a sync has to do: what the source says, compared with what is known of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from indexing_service.interfaces import Item, ItemState
from indexing_service.interfaces.providers import Changes, Inventory
from indexing_service.interfaces.syncing import Known


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`mark` is the pipeline's now. `full`: every document is to be looked at, whatever is known."""

    known: Mapping[str, Known]
    mark: str
    full: bool = False

    def seen(self, item: Item) -> Known | None:
        """The document, if it was taken up in this very version."""
        known = self.known.get(item.external_id)
        if self.full or known is None or not item.version:
            return None
        return known if (known.version, known.mark) == (item.version, self.mark) else None


def items_of_inventory(
    inventory: Inventory, knowledge: Knowledge, renamed: Mapping[str, str], live: Collection[str]
) -> list[Item]:
    """`live`: the external ids of the documents that can be found now."""
    new_names = set(renamed.values())
    return [item if item.external_id in new_names else _settled(item, knowledge, live) for item in inventory.items]


def renamed_in_inventory(inventory: Inventory, known: Mapping[str, Known]) -> dict[str, str]:
    """A new document that carries the version of exactly one that disappeared is that one, by another name."""
    if not (inventory.complete and inventory.tells_renames):
        return {}
    listed = {item.external_id for item in inventory.items}
    lost = _by_version((one.external_id, one.version) for one in known.values() if one.external_id not in listed)
    new = _by_version((item.external_id, item.version) for item in _pending(inventory.items, known))
    return {lost[version]: new[version] for version in lost.keys() & new.keys()}


def renamed_in_changes(changes: Changes, known: Mapping[str, Known]) -> dict[str, str]:
    """A name that is in use already is left out, as in a swap: the documents are told apart by what they are called
    then. So the same renames may be made twice.
    """
    return {old: new for old, new in changes.renamed.items() if old in known and new not in known}


def items_of_changes(changes: Changes, knowledge: Knowledge, renamed: Mapping[str, str]) -> list[Item]:
    """With those that have to be looked at again because they failed before."""
    known = knowledge.known
    items = {item.external_id: item for item in changes.items}
    for old, new in changes.renamed.items():
        version = known[old].version if old in renamed else ""
        items.setdefault(new, Item(0, new, version=version))
    gone = (set(changes.deleted) | set(changes.renamed)) - set(items)
    for one in known.values():
        if one.external_id not in gone and not one.version:
            items.setdefault(one.external_id, Item(0, one.external_id, version=one.version))
    new_names = set(renamed.values())
    settled = [one if one.external_id in new_names else _settled(one, knowledge, known) for one in items.values()]
    left = [Item(0, name, ItemState.GONE) for name in sorted(gone - set(renamed))]
    return [replace(item, ordinal=ordinal) for ordinal, item in enumerate([*settled, *left])]


def _settled(item: Item, knowledge: Knowledge, live: Collection[str]) -> Item:
    """UNCHANGED, or with nothing in it as before, where its version says so."""
    if item.state is not ItemState.PENDING or (seen := knowledge.seen(item)) is None:
        return item
    if seen.reason:
        return replace(item, state=ItemState.WITHDRAWN, reason=seen.reason)
    return replace(item, state=ItemState.UNCHANGED) if item.external_id in live else item


def _pending(items: Sequence[Item], known: Mapping[str, Known]) -> list[Item]:
    return [item for item in items if item.state is ItemState.PENDING and item.external_id not in known]


def _by_version(documents: Iterable[tuple[str, str]]) -> dict[str, str]:
    """External ids by versions that are those of one document alone."""
    pairs = [(name, version) for name, version in documents if version]
    counts = Counter(version for _, version in pairs)
    return {version: name for name, version in pairs if counts[version] == 1}
