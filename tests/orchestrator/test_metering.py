"""What work used of an engine, when it ends well and when it does not."""

import pickle

import pytest

from config.errors import Cancelled, EngineFailed
from orchestrator.estimates.meter import Meter, Usage
from orchestrator.pipeline.worker import StepResult, with_usage
from orchestrator.workers.metering import metered
from tests.orchestrator.test_meter import Clock


def test_what_ends_in_an_error_is_measured_and_the_error_carries_it_even_to_another_process() -> None:
    clock = Clock()
    meter = Meter("L4", clock)

    def broken() -> None:
        clock.now += 3
        raise ZeroDivisionError("a bug")

    with pytest.raises(EngineFailed, match="ZeroDivisionError: a bug") as caught, metered(meter, "hum"):
        broken()
    assert caught.value.engine == "hum"
    assert pickle.loads(pickle.dumps(caught.value)).spent == Usage(3, 3, "L4")

    def left() -> None:
        clock.now += 1
        raise Cancelled

    with pytest.raises(Cancelled) as gone, metered(meter, "hum"):
        left()
    assert gone.value.spent == Usage(1, 1, "L4")
    with metered(meter, "hum") as measured:
        clock.now += 2
    assert measured.usage == Usage(2, 2, "L4")
    assert with_usage("a draft", measured.usage) == "a draft"
    assert with_usage(StepResult(None, {}), measured.usage) == StepResult(None, {}, usage=measured.usage)
