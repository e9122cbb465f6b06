"""The table of attacks in docs/operations.md is that of the suite."""

from tests.hostile.figures import attacks, written


def test_the_table_has_every_attack_and_no_other() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in written().splitlines()[2:]]
    assert sorted(set(rows)) == sorted(set(attacks()))


def test_each_attack_has_a_name_of_its_own() -> None:
    names = list(attacks())
    assert len(set(names)) == len(names)
