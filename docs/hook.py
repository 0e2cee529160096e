"""Puts the page of `colorkit web` into the site, where COLORKIT_TRY names its folder."""

import os
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

FOLDER = os.environ.get("COLORKIT_TRY")


def on_config(config: Any) -> Any:
    """Without the page, the site does not point to it."""
    if not FOLDER:
        config.nav = [entry for entry in config.nav if "Try it" not in entry]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the page's files below ``try``."""
    for path in Path(FOLDER).rglob("*") if FOLDER else ():
        if path.is_file():
            name = f"try/{path.relative_to(FOLDER).as_posix()}"
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files
