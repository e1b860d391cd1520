"""dora.builder writes dataflows."""

import pytest
import yaml
from dora.builder import DataflowBuilder, Node, Operator, Output


def test_builds_a_dataflow(tmp_path):
    with DataflowBuilder("robot") as dataflow:
        camera = dataflow.add_node("camera", restart_policy="always")
        image = (
            camera.path("camera.py")
            .args("--fps 30")
            .env({"DEVICE": "0"})
            .build("pip install opencv-python")
            .add_input("tick", "dora/timer/millis/33")
            .add_output("image")
        )
        viewer = dataflow.add_node("viewer").path("viewer.py")
        assert viewer.add_input("image", image, queue_size=1, queue_policy="backpressure") is viewer
        assert dataflow.to_yaml(tmp_path / "dataflow.yml") is None

    read = yaml.safe_load((tmp_path / "dataflow.yml").read_text())
    assert read == {
        "nodes": [
            {
                "id": "camera",
                "restart_policy": "always",
                "path": "camera.py",
                "args": "--fps 30",
                "env": {"DEVICE": "0"},
                "build": "pip install opencv-python",
                "inputs": {"tick": "dora/timer/millis/33"},
                "outputs": ["image"],
            },
            {
                "id": "viewer",
                "path": "viewer.py",
                "inputs": {
                    "image": {
                        "source": "camera/image",
                        "queue_size": 1,
                        "queue_policy": "backpressure",
                    }
                },
            },
        ]
    }


def test_goes_on_from_yaml():
    text = "nodes:\n- id: a\n  path: a.py\n- id: b\n  operators:\n  - id: o\n    python: o.py\n"
    assert DataflowBuilder.from_yaml(text).to_yaml() == text


def test_declares_an_output_once():
    node = Node("a")
    first = node.add_output("x")
    assert isinstance(first, Output)
    assert str(first) == str(node.add_output("x")) == "a/x"
    assert node.to_dict()["outputs"] == ["x"]


def test_writes_operators():
    node = Node("a").add_operator(
        Operator("o", python="o.py", send_stdout_as="log", shared_library=None)
    )
    assert node.to_dict() == {
        "id": "a",
        "operators": [{"id": "o", "python": "o.py", "send_stdout_as": "log"}],
    }
    library = Operator("o", name="n", description="d", build="make", shared_library="libo")
    assert library.to_dict()["shared-library"] == "libo"


def test_writes_git_sources():
    node = Node("a").git("https://example.org/a.git", branch="main")
    assert node.to_dict()["git"] == "https://example.org/a.git"
    assert node.to_dict()["branch"] == "main"
    assert "tag" not in node.to_dict()


@pytest.mark.parametrize("size", [0, -1, 1.5, True])
def test_refuses_impossible_queue_sizes(size):
    with pytest.raises(ValueError, match="queue_size"):
        Node("a").add_input("x", "b/y", queue_size=size)


def test_refuses_unknown_policies():
    with pytest.raises(ValueError, match="queue_policy"):
        Node("a").add_input("x", "b/y", queue_policy="sometimes")


def test_shows_itself_in_a_notebook():
    dataflow = DataflowBuilder("<robot>")
    dataflow.add_node("a").add_input("x", "b/y", queue_size=2)
    html = dataflow._repr_html_()
    assert "&lt;robot&gt;" in html
    assert "x ← b/y" in html


def test_settings_beside_the_nodes_survive_a_round_trip():
    text = "exit_when_nodes_finish: true\nenv: {A: '007'}\nnodes:\n- {id: a, path: a.py}\n"
    builder = DataflowBuilder.from_yaml(text)
    assert yaml.safe_load(builder.to_yaml()) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["- a", "nodes: [{path: a.py}]", "nodes: [a]", "a: [", "3"])
def test_text_that_is_no_dataflow_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        DataflowBuilder.from_yaml(text)


def test_validate_tells_what_dora_validate_tells(tmp_path):
    builder = DataflowBuilder("flow")
    builder.add_node("a", path="a.py", output=["x"])
    builder.add_node("b").path("b.py").add_input("x", "aa/x")
    with pytest.raises(ValueError, match="did you mean") as error:
        builder.validate(tmp_path)
    assert "unknown key" in str(error.value) or "output" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_builder_runs(tmp_path):
    (tmp_path / "a.py").write_text("from dora import Node; Node(); open('ran', 'w')")
    builder = DataflowBuilder("flow")
    builder.add_node("a").path("a.py")
    builder.validate(tmp_path)
    builder.run(tmp_path)
    assert (tmp_path / "ran").exists()


def test_the_tensor_pool_has_the_cuda_helpers():
    import dora.cuda
    import dora_tensor_pool

    assert dora_tensor_pool.open_ipc_handle is dora.cuda.open_ipc_handle


def test_words_that_older_yaml_takes_for_something_else_stay_texts(tmp_path):
    """dora reads YAML 1.2, where `no` is a text and 012 is twelve."""
    written = "env: {A: no, B: 12:30, C: 2026-01-01, D: 012, E: 1_000, F: 0o17, G: <<, H: TRUE}"
    env = DataflowBuilder.from_yaml(written).settings["env"]
    assert env == {
        **{"A": "no", "B": "12:30", "C": "2026-01-01", "D": 12, "E": "1_000", "F": 15},
        **{"G": "<<", "H": True},
    }


@pytest.mark.parametrize("value", ["1e5", "0o17", "no", "~", "", "007", ".5", "true", "-", "a: b"])
def test_texts_that_look_like_numbers_reach_the_node_as_they_are(value):
    text = DataflowBuilder()
    text.add_node("a", path="a.py", env={"X": value})
    back = DataflowBuilder.from_yaml(text.to_yaml())
    assert back.nodes[0].to_dict()["env"] == {"X": value}
    assert yaml.safe_load(text.to_yaml())["nodes"][0]["env"] == {"X": value}


def test_the_environment_of_a_built_dataflow_is_that_of_the_node(tmp_path):
    (tmp_path / "a.py").write_text(
        "import os, json; from dora import Node; Node()\n"
        "json.dump([os.environ[x] for x in 'ABC'], open('env', 'w'))"
    )
    builder = DataflowBuilder()
    builder.add_node("a", path=tmp_path / "a.py", env={"A": "1e5", "B": "0o17", "C": "no"})
    builder.run(tmp_path)
    assert (tmp_path / "env").read_text() == '["1e5", "0o17", "no"]'


def test_paths_and_numpy_numbers_are_written(tmp_path):
    import numpy as np

    builder = DataflowBuilder()
    node = builder.add_node("a", cpu_affinity=(np.int64(1),)).path(tmp_path / "a.py")
    node.env({"X": np.float32(0.5), "Y": np.bool_(True)})
    read = yaml.safe_load(builder.to_yaml())["nodes"][0]
    assert read["path"] == str(tmp_path / "a.py")
    assert read["cpu_affinity"] == [1]
    assert read["env"] == {"X": 0.5, "Y": True}


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: DataflowBuilder().add_node(3), "id of a node"),
        (lambda: Node("a").add_output(None), "id of an output"),
        (lambda: Node("a").add_input(1, "b/x"), "id of an input"),
        (lambda: Node("a").add_input("x", None), "source of input 'x'"),
        (lambda: Node("a").add_operator({"id": "o"}), "add_operator"),
        (lambda: Operator(None), "id of an operator"),
    ],
)
def test_what_is_of_a_wrong_type_is_named_at_the_call(call, named):
    with pytest.raises(TypeError, match=named):
        call()


def test_what_yaml_cannot_hold_is_named():
    builder = DataflowBuilder()
    builder.add_node("a", path="a.py", env={"X": object()})
    with pytest.raises(ValueError, match="of type object"):
        builder.to_yaml()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nodes: {a: b}", "`nodes`"),
        ("nodes: [{id: a, operators: 3}]", "`operators`"),
        ("nodes: [{id: a, operators: [{python: x.py}]}]", r"operators\[0\]"),
        ("nodes: [{id: a, self: 1}, {2: b}]", r"nodes\[1\]"),
    ],
)
def test_what_from_yaml_cannot_take_is_named(text, named):
    with pytest.raises(ValueError, match=named):
        DataflowBuilder.from_yaml(text)


def test_every_object_says_what_it_is():
    builder = DataflowBuilder("robot")
    node = builder.add_node("camera")
    assert repr(builder) == "<DataflowBuilder 'robot': camera>"
    assert repr(node) == "Node('camera')"
    assert repr(node.add_output("image")) == "Output('camera/image')"
    assert repr(Operator("op")) == "Operator('op')"


def test_a_notebook_shows_operators_and_survives_what_is_wrong():
    text = (
        "nodes:\n- id: n\n  operators:\n  - {id: o, python: o.py, inputs: {x: a/y}, outputs: [z]}\n"
        "- {id: m, operator: {python: {source: p.py}, inputs: [1]}}\n- {id: k, inputs: 3}\n"
    )
    html = DataflowBuilder.from_yaml(text)._repr_html_()
    for shown in ("<b>n/o</b>", "o.py", "x ← a/y", "z", "<b>m/op</b>", "p.py", "<b>k</b>"):
        assert shown in html
