"""`python -m dora._environment`: what it still asks for in an environment that others changed."""

import pytest
from dora._environment import Environment, fit_pyarrow


@pytest.fixture
def environment(tmp_path):
    """A virtual environment, as far as names of folders make one."""
    packages = tmp_path / "lib/python3.11/site-packages"
    packages.mkdir(parents=True)

    def make(**versions):
        for name, version in versions.items():
            (packages / f"{name}-{version}.dist-info").mkdir()
        return Environment(tmp_path)

    return make


@pytest.mark.parametrize(
    ("versions", "asked"),
    [
        ({"numpy": "1.26.4", "pyarrow": "26.0.1"}, ["pyarrow>=14.0.1,<26"]),
        ({"numpy": "1.26.4", "pyarrow": "25.0.0"}, []),
        ({"numpy": "2.0.0", "pyarrow": "26.0.1"}, []),
        ({"pyarrow": "26.0.1"}, []),
        ({"numpy": "1.26.4"}, []),
        ({}, []),
    ],
)
def test_a_pinned_numpy_gets_a_pyarrow_that_can_use_it(environment, versions, asked):
    assert fit_pyarrow(environment(**versions)) == asked
