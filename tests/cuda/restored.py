"""An engine before its snapshot and after it:  python -m tests.cuda.restored CRAFT ENGINE FOLDER HOME

Runs under the driver of ``driver.c``: loads where there is no device, lets one come, and settles. Prints what
was asked meanwhile and what was found, as JSON. In place of the move, for which a GPU is needed, it is
written down where to.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from config.settings import EngineSettings
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.engine_host import EngineHost


def main(craft: str, name: str, folder: str, home: str) -> None:
    questions = Path(os.environ["DRIVER_QUESTIONS"])
    chosen = EngineSettings(engine=name, model=folder, gpu="L4")
    settings = Deployment(home=Path(home), store="local", **{craft: chosen})  # type: ignore[arg-type]
    station = EngineHost(settings, craft, name)
    station.load()
    loading = questions.read_text().splitlines()
    engine, moved = station._lane.load(), []

    def move(_engine: Any, device: Any) -> None:
        moved.append(str(device))

    type(engine)._move = move
    Path(os.environ["DRIVER_DEVICE"]).touch()
    station.settle()
    try:
        said = station.summary()
    except Exception as error:  # noqa: BLE001 - it is what the test looks at
        said = f"{type(error).__name__}: {error}"
    import torch

    print(
        json.dumps(
            {
                "loading": loading,
                "said": said,
                "moved": moved,
                "available": torch.cuda.is_available(),
                "counts": [torch.cuda.device_count(), torch._C._cuda_getDeviceCount()],
                "device": engine.info.device,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
