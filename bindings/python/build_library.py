"""Build hook: puts the shared library into the wheel, beside the Python files.

The library is `target/release`'s, or the file that POSTRIDER_LIBRARY names.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# As cargo names it on each system; the package looks for the same name.
NAMES = {"win32": "postrider.dll", "darwin": "libpostrider.dylib"}
NAME = NAMES.get(sys.platform, "libpostrider.so")


class LibraryHook(BuildHookInterface):
    """Adds the library, and marks the wheel as made for this system and any Python 3."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        built = Path(self.root, "..", "..", "target", "release", NAME)
        library = Path(os.environ.get("POSTRIDER_LIBRARY") or built).resolve()
        if not library.is_file():
            raise FileNotFoundError(
                f"{library} is missing: run 'cargo build --release --locked' first, "
                "or name the library in POSTRIDER_LIBRARY"
            )
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["force_include"][str(library)] = f"postrider/{NAME}"
