from pathlib import Path

import pytest

from config.engine import EngineInfo, move_to_gpu
from config.errors import EngineUnavailable, InvalidRequest
from config.registry import Registry
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
        "collections:OrderedDict", install="install it, or put the folder that has it on PYTHONPATH"
    )
    # A class may have a name in capitals, as a spec has.
    assert type(REGISTRY.load("tests.config.test_engine:GPT")).__name__ == "GPT"
    assert REGISTRY.spec("tests.config.test_engine:SPEC") is SPEC
    assert type(REGISTRY.load("tests.config.test_engine:SPEC")).__name__ == "Counter"
    with pytest.raises(InvalidRequest, match="there is no Nothing in collections"):
        REGISTRY.load("collections:Nothing")


class FromOutside:
    """An engine of somebody else's, written when the method of ``Movable`` was called ``settle``."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def settle(self) -> None:
        self.calls.append("settle")


class Renamed(FromOutside):
    """One that has both names, as an engine for two versions of Songwright has."""

    def move_to_gpu(self) -> None:
        self.calls.append("move_to_gpu")


def test_an_engine_that_still_calls_it_settle_is_moved_to_the_gpu() -> None:
    engine = FromOutside()
    move_to_gpu(engine)
    assert engine.calls == ["settle"]


def test_an_engine_with_both_names_is_moved_once_and_by_the_new_one() -> None:
    engine = Renamed()
    move_to_gpu(engine)
    assert engine.calls == ["move_to_gpu"]


class Whistle:
    """An engine that is whole."""

    info = EngineInfo(name="whistle", version="1", licence="MIT")

    def compose(self) -> None: ...


class Deaf(Whistle):
    info = None  # type: ignore[assignment]  # as somebody's may be


class Wanting(Whistle):
    def __init__(self, rate_hz: int, *, stereo: bool) -> None: ...


class Raising(Whistle):
    def __init__(self) -> None:
        raise KeyError("weights")


class Unready(Whistle):
    def __init__(self) -> None:
        raise EngineUnavailable("no weights", "fetch them")


def whistle() -> Whistle:
    return Whistle()


CRAFT: Registry[Whistle] = Registry("music", {"raising": EngineSpec(f"{__name__}:Raising")}, method="compose")


def test_a_name_leads_to_the_class_of_an_engine() -> None:
    CRAFT.look_up(f"{__name__}:Whistle")
    assert type(CRAFT.load(f"{__name__}:Whistle")) is Whistle
    assert CRAFT.check(f"{__name__}:Whistle").name == "whistle"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (f"{__name__}:whistle", "whistle in tests.config.test_engine is no class"),
        ("os:system", "system in os is no class"),
        ("os:path", "path in os is no class"),
        ("collections:OrderedDict", "the class OrderedDict has no method 'compose'"),
        (f"{__name__}:Wanting", "the class Wanting cannot be called without rate_hz, stereo"),
        ("..:x", "use one of: raising"),
        (".:x", "use one of: raising"),
        ("os.path:join:x", "use one of: raising"),
        ("os.path:", "use one of: raising"),
        ("1a:B", "use one of: raising"),
        ("a b:C", "use one of: raising"),
        ("a:B ", "use one of: raising"),
        ("[/b]", "use one of: raising"),
    ],
)
def test_a_name_that_leads_to_no_engine_says_where_it_leads(name: str, why: str) -> None:
    for leads in (CRAFT.look_up, CRAFT.load, CRAFT.check):
        with pytest.raises(InvalidRequest, match=r"^music engine: ") as refused:
            leads(name)
        assert refused.value.value == name
        assert why in refused.value.fix
        assert "raising" in refused.value.fix, "the way out"


def test_an_engine_says_what_it_is() -> None:
    for leads in (CRAFT.load, CRAFT.check):
        with pytest.raises(InvalidRequest, match="it has no info, which is an EngineInfo"):
            leads(f"{__name__}:Deaf")


def test_what_breaks_in_an_engine_from_outside_is_its_own_and_in_one_of_ours_a_bug() -> None:
    for leads in (CRAFT.load, CRAFT.check):
        with pytest.raises(EngineUnavailable, match="does not load: KeyError: 'weights' - correct its code"):
            leads(f"{__name__}:Raising")
        with pytest.raises(KeyError):
            leads("raising")
        with pytest.raises(EngineUnavailable, match="no weights - fetch them"):
            leads(f"{__name__}:Unready")


@pytest.mark.parametrize("code", ["class X(:", "raise SystemExit(0)", "1 / 0", "import nowhere_at_all"])
def test_a_module_that_breaks_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    (tmp_path / "breaking_engine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineUnavailable, match="music engine 'breaking_engine:X'"):
        CRAFT.look_up("breaking_engine:X")
