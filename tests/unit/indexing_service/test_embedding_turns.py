"""However many documents are under way, the model is asked by few at a time."""

import asyncio
from collections.abc import Sequence

from flash_core.interfaces.embedding import Priority, Purpose, Vectors
from flash_core.testing.fakes import FakeEmbeddingModels, FakeEmbeddingProvider
from indexing_service.providers.embedding_turns import EmbeddingTurns


class Counting(FakeEmbeddingProvider):
    under_way = most = 0

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return await super().embed(texts, purpose=purpose, priority=priority)


async def test_few_are_served_at_a_time_and_all_in_the_end() -> None:
    provider = Counting()
    models = EmbeddingTurns(FakeEmbeddingModels([provider]), at_once=3)
    vectors = await asyncio.gather(*(models.named(provider.name).embed([str(at)]) for at in range(20)))
    assert (len(vectors), provider.most) == (20, 3)
