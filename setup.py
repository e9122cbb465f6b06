"""In a clone, ``pip install '.[client]'`` installs the client of this clone: no index needs to have it. All
else is in pyproject.toml, which cannot name a folder beside it."""

import sys
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup

CLIENT = Path(__file__).parent / "clients" / "python"


class Songwright(Distribution):
    def parse_config_files(self, *arguments: Any, **options: Any) -> None:
        super().parse_config_files(*arguments, **options)
        if CLIENT.is_dir() and "sdist" not in sys.argv:  # what is published names no folder of one machine
            self.extras_require["client"] = [f"songwright-client @ {CLIENT.resolve().as_uri()}"]


setup(distclass=Songwright)
