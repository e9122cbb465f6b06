from tests.ear.conftest import kept as kept
