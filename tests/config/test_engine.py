import pytest

from config.engine import Registry
from config.errors import EngineUnavailable, InvalidRequest
from config.spec import EngineSpec

REGISTRY: Registry[object] = Registry(
    "music",
    {
        "counter": EngineSpec("collections:Counter"),
        "torchless": EngineSpec("a_package_that_nobody_has.engine:Composer"),
        "aside": EngineSpec(
            "a_package_that_nobody_has.engine:Composer", install="it has an environment of its own"
        ),
    },
)


SPEC = EngineSpec("collections:Counter", batch_size=3)


class GPT:
    """An engine that is called so."""


def test_an_engine_is_found_by_name() -> None:
    assert type(REGISTRY.load("counter")).__name__ == "Counter"


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest, match="use one of: counter, torchless, aside"):
        REGISTRY.load("suno")


def test_an_engine_whose_package_is_missing_says_what_to_install() -> None:
    with pytest.raises(
        EngineUnavailable, match=r"a_package_that_nobody_has.*pip install 'songwright\[models\]'"
    ):
        REGISTRY.load("torchless")
    with pytest.raises(
        EngineUnavailable, match=r"a_package_that_nobody_has.*it has an environment of its own"
    ):
        REGISTRY.load("aside")


def test_an_engine_of_ones_own_is_named_by_module_and_class() -> None:
    assert type(REGISTRY.load("collections:OrderedDict")).__name__ == "OrderedDict"
    assert REGISTRY.spec("collections:OrderedDict") == EngineSpec(
        "collections:OrderedDict", install="install it"
    )
    # A class may have a name in capitals, as a spec has.
    assert type(REGISTRY.load("tests.config.test_engine:GPT")).__name__ == "GPT"
    assert REGISTRY.spec("tests.config.test_engine:SPEC") is SPEC
    assert type(REGISTRY.load("tests.config.test_engine:SPEC")).__name__ == "Counter"
    with pytest.raises(InvalidRequest, match="there is no Nothing in collections"):
        REGISTRY.load("collections:Nothing")
