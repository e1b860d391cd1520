"""What `import dora` gives, and what it leaves alone."""

import inspect
import subprocess
import sys

import dora
import pytest


def test_every_name_can_be_taken():
    for name in dora.__all__:
        assert getattr(dora, name) is not None
    assert set(dora.__all__) <= set(dir(dora))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dora.nonsense


def test_modules_are_there_without_being_imported():
    code = "import dora; print(dora.builder.Node, dora.testing.MockNode, dora.cuda.IpcHandle)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_status_has_the_numbers_that_operators_return():
    assert [(status.name, status.value) for status in dora.DoraStatus] == [
        ("CONTINUE", 0),
        ("STOP", 1),
        ("STOP_ALL", 2),
    ]


def test_author_and_version():
    assert dora.__author__ == "Dora-rs Authors"
    assert dora.__version__.count(".") == 2


@pytest.mark.parametrize("name", [name for name in dora.__all__ if name.startswith("Ros2")])
def test_ros2_names_refuse_to_be_made_only(name):
    with pytest.raises(RuntimeError, match="ROS 2"):
        getattr(dora, name)("anything", option=1)


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (dora.InvalidInput, ValueError),
        (dora.InvalidType, TypeError),
        (dora.NotFound, LookupError),
        (dora.Disconnected, ConnectionError),
        (dora.TimedOut, TimeoutError),
        (dora.Busy, RuntimeError),
        (dora.Unsupported, NotImplementedError),
    ],
)
def test_exceptions_are_runtime_errors_and_what_python_calls_them(error, base):
    assert issubclass(error, base)
    assert issubclass(error, dora.DoraError)
    assert issubclass(error, RuntimeError)
    assert str(error("text")) == "text"


def test_methods_of_node_teach():
    for name, member in inspect.getmembers(dora.Node):
        if not name.startswith("_"):
            assert member.__doc__, name
    assert str(inspect.signature(dora.Node.send_output)) == "(output_id, data, metadata=None)" or (
        "metadata=None" in str(inspect.signature(dora.Node.send_output))
    )
    for word in ("numpy", "metadata", "Raises"):
        assert word in dora.Node.send_output.__doc__


def test_optional_features_are_absent_and_not_broken():
    assert not hasattr(dora.Node, "register_tensor_pool")


def test_run_names_what_is_wrong_before_it_starts():
    with pytest.raises(RuntimeError, match="stop_after"):
        dora.run("dataflow.yml", stop_after=-1)
    with pytest.raises(RuntimeError, match="stop_after"):
        dora.run("dataflow.yml", stop_after=float("nan"))
    with pytest.raises(ValueError, match="IP address"):
        dora.build("dataflow.yml", coordinator_addr="localhost")
