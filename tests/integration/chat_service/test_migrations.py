"""The migrations lead to exactly the tables that the code uses, and back."""

import asyncio

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from flash_core.database.migrate import alembic_config, check, upgrade
from tests.integration.chat_service.conftest import Sql


async def test_migrating_makes_the_tables_and_unmakes_them(postgres_url: str) -> None:
    await asyncio.to_thread(upgrade, "chat_service", postgres_url)
    await asyncio.to_thread(upgrade, "chat_service", postgres_url)
    await asyncio.to_thread(check, "chat_service", postgres_url)
    await asyncio.to_thread(command.downgrade, alembic_config("chat_service", postgres_url), "base")
    engine = create_async_engine(postgres_url)
    async with engine.connect() as connection:
        left = await connection.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        )
        assert list(left) == ["alembic_version"]
    await engine.dispose()


@pytest.mark.parametrize(
    "statement", ["UPDATE generation SET state = 'running'", "UPDATE message SET role = 'assistant'"]
)
async def test_the_database_itself_holds_the_promises(sql: Sql, statement: str) -> None:
    """Two running generations of a conversation, and two answers of a generation, are refused whoever tries."""
    await sql(
        "INSERT INTO conversation (id, owner_id, title, mode) VALUES (gen_random_uuid(), gen_random_uuid(), '', '')"
    )
    for _ in range(2):
        await sql(
            "INSERT INTO message (id, conversation_id, role, content, generation_id)"
            " SELECT gen_random_uuid(), id, 'user', '', id FROM conversation"
        )
    await sql(
        "INSERT INTO generation"
        " (id, conversation_id, message_id, state, deadline, mode, user_id, roles, groups, request_id)"
        " SELECT gen_random_uuid(), conversation_id, id, 'queued', now(), '', id, '{}', '{}', '' FROM message"
    )
    with pytest.raises(IntegrityError):
        await sql(statement)
