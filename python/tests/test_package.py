"""What `import dora` gives, and what it leaves alone."""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path

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
def test_ros2_names_refuse_to_be_used_only(name):
    with pytest.raises(dora.Unsupported, match=f"^{name}: .* has no ROS 2 bridge; .*rclpy"):
        getattr(dora, name)("anything", option=1)
    with pytest.raises(dora.Unsupported, match=f"^{name}.Volatile: .* has no ROS 2 bridge"):
        _ = getattr(dora, name).Volatile
    assert not hasattr(getattr(dora, name), "__wrapped__")


def test_the_ros2_names_are_those_of_dora_rs():
    names = "ActionClient ActionServer Context Durability Liveliness Node NodeOptions Publisher"
    names += " QosPolicies ServiceClient ServiceServer Subscription Topic Transport"
    assert [n for n in dora.__all__ if n.startswith("Ros2")] == [f"Ros2{n}" for n in names.split()]


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


def test_files_of_dora_rs_in_our_folder_are_told_with_the_fix(tmp_path):
    shutil.copytree(Path(dora.__file__).parent, tmp_path / "dora")
    code = "import dora"

    def run():
        return subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stderr

    assert run() == ""
    (tmp_path / "dora" / "dora.abi3.so").touch()
    assert "pip uninstall -y dora-rs" in run()


def test_builds_without_the_gil_are_refused(tmp_path):
    # Those find no extension, as ours is of the ordinary ABI; here it is taken away.
    extensions = shutil.ignore_patterns("*.so")
    shutil.copytree(Path(dora.__file__).parent, tmp_path / "dora", ignore=extensions)

    def error_of(code):
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 1
        return ended.stderr.splitlines()[-1]

    assert "without the GIL" in error_of("import sys; sys.abiflags = 't'; import dora")
    assert "dora._dora" in error_of("import dora")


def test_subinterpreters_are_refused():
    try:
        import _interpreters as interpreters
    except ImportError:
        interpreters = pytest.importorskip("_xxsubinterpreters")
    code = f"import sys; sys.path[:] = {sys.path!r}; import dora"
    script = (
        f"import {interpreters.__name__} as i; result = i.run_string(i.create(), {code!r})\n"
        "raise ImportError(result)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "does not support loading in subinterpreters" in ended.stderr


def test_every_public_name_is_documented():
    for module in (dora, dora.builder, dora.cuda, dora.testing, dora.tracing):
        assert module.__doc__
        for name in module.__all__:
            member = getattr(module, name)
            if not isinstance(member, str):
                assert member.__doc__, f"{module.__name__}.{name}"


def test_types_are_shown_by_the_names_that_users_write():
    for name in ("Node", "Event", "SampleBuffer", "SampleHandler", "NDArray", "DoraError"):
        assert str(getattr(dora, name)) == f"<class 'dora.{name}'>"


def test_handles_of_other_types_are_named():
    with pytest.raises(TypeError, match="not <class 'int'>"):
        dora.cuda.ipc_buffer_to_ipc_handle(3, {})
    assert repr(dora.cuda.ipc_buffer_to_ipc_handle(bytes(64), {})) == (
        "<dora.cuda.IpcHandle: closed>"
    )
