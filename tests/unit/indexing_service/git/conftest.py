from pathlib import Path

import pytest

from tests.servers.git import Repository
from tests.unit.indexing_service.git.world import World


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "docs")
    made.write("index.md", "# Start\n").write("guides/setting up.md", "# Set up\n\nFirst, plug it in.\n")
    made.write("guides/deep/b.txt", "Plain.").write("code.py", "x = 1").commit()
    return made


@pytest.fixture
def world(tmp_path: Path, repository: Repository) -> World:
    return World(tmp_path / "copies", repository.folder.as_uri())
