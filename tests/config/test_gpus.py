import pytest

from config.errors import InvalidRequest
from config.gpus import GPUS, PRICES_OF, billed_gpu, checked_gpu, gpus_in, usd_per_second
from config.settings import load_settings


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("L40S", "L40S"),
        (" l40s ", "L40S"),
        ("h100:2", "H100:2"),
        ("H100!", "H100!"),
        ("b200+", "B200+"),
        ("L40S, a100-80gb", "L40S,A100-80GB"),
        ("H100:2,A100:4", "H100:2,A100:4"),
        *((name, name) for name in GPUS),
    ],
)
def test_a_gpu_is_written_as_modal_writes_it(text: str, written: str) -> None:
    assert checked_gpu(text) == written


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("L40", "did you mean L40S?"),
        ("L4OS", "did you mean L40S?"),
        ("A10G", "did you mean A10?"),
        ("A100-60GB", "did you mean A100-40GB?|did you mean A100"),
        ("RTX-6000", "did you mean RTX-PRO-6000?"),
        ("H100-80GB", "did you mean H100?"),
        ("abacus", "Modal has T4, L4, A10"),
        ("any", "Modal has T4"),
        ("L40S,", "Modal has T4"),
        ("L40S,A9", "Modal has T4"),
        ("H100:0", "ask for 1 to 8 of H100"),
        ("H100:9", "ask for 1 to 8 of H100"),
        ("H100:", "ask for 1 to 8 of H100"),
        ("H100:two", "ask for 1 to 8 of H100"),
        ("A10:5", "ask for 1 to 4 of A10, as in A10:2"),
    ],
)
def test_a_gpu_that_modal_does_not_have_is_refused_with_what_was_meant(text: str, fix: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        checked_gpu(text, "SONGWRIGHT_MUSIC__GPU")
    assert (caught.value.field, caught.value.value) == ("SONGWRIGHT_MUSIC__GPU", text)
    assert any(part in caught.value.fix for part in fix.split("|")), caught.value.fix


def test_a_bad_gpu_in_the_settings_names_its_variable_and_what_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SONGWRIGHT_ART__GPU", "L40")
    with pytest.raises(InvalidRequest, match=r"SONGWRIGHT_ART__GPU: 'L40' - did you mean L40S\?"):
        load_settings()
    monkeypatch.setenv("SONGWRIGHT_ART__GPU", "l4")
    assert load_settings().art.gpu == "L4"
    assert load_settings().music.gpu == ""


def test_a_second_costs_as_many_times_the_price_as_there_are_gpus() -> None:
    assert usd_per_second("L40S") == 0.000542
    assert usd_per_second("H100:4") == pytest.approx(0.004388)
    assert (gpus_in("L40S"), gpus_in("H100:4")) == (1, 4)


@pytest.mark.parametrize("gpu", ["", "L40S,A100"])
def test_what_cannot_be_told_has_no_price(gpu: str) -> None:
    assert usd_per_second(gpu) is None
    assert gpus_in(gpu) is None


@pytest.mark.parametrize(
    ("text", "device", "billed"),
    [
        ("L40S", "anything", "L40S"),
        ("A100", "NVIDIA A100 80GB PCIe", "A100"),
        ("L40S,A100", "NVIDIA L40S", "L40S"),
        ("L40S,A100", "NVIDIA A100-SXM4-40GB", "A100"),
        ("A100-40GB,A100-80GB", "NVIDIA A100-SXM4-80GB", "A100-80GB"),
        ("L4,A10", "NVIDIA A10G", "A10"),
        ("T4,L4", "Tesla T4", "T4"),
        ("H100:2,A100:2", "NVIDIA H200", "H100:2"),
        ("H100,H200", "NVIDIA H200", "H200"),
        ("B200+,H200", "NVIDIA B300", "B200+"),
        ("L40S,RTX-PRO-6000", "NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX-PRO-6000"),
        ("L40S,A100", "cpu", "L40S,A100"),
    ],
)
def test_of_a_list_the_gpu_that_came_is_the_one_that_is_billed(text: str, device: str, billed: str) -> None:
    assert billed_gpu(checked_gpu(text), device) == billed


def test_the_table_is_dated_and_larger_of_a_kind_costs_more() -> None:
    assert PRICES_OF.startswith("2026-")
    prices = [GPUS[name].usd_per_s for name in ("T4", "L4", "A10", "L40S", "A100", "A100-80GB", "H100")]
    assert prices == sorted(prices)
    assert usd_per_second("H100") == pytest.approx(3.95 / 3600, rel=0.001)
