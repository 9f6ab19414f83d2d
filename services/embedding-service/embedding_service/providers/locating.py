"""Where a model is that a setting names."""

import importlib
from importlib.util import find_spec
from pathlib import Path

from flash_core.errors import InvalidInputError


def folder_of(setting: str) -> Path | None:
    """A folder, or that of an installed package which offers `get_model_path()`; None: a name on the Hugging Face Hub.

    Raises `InvalidInputError` for what looks like a folder and is none.
    """
    path = Path(setting).expanduser()
    if path.is_dir():
        return path
    if setting.startswith(("/", "./", "../", "~")):
        raise InvalidInputError(f"There is no folder {setting}.")
    return _packaged(setting)


def _packaged(setting: str) -> Path | None:
    module = setting.replace("-", "_")
    if not module.isidentifier() or find_spec(module) is None:
        return None
    ask = getattr(importlib.import_module(module), "get_model_path", None)
    if ask is None:
        raise InvalidInputError(f"The package {setting} offers no model (it has no `get_model_path()`).")
    return Path(ask())
