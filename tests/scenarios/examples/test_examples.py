"""Every example runs from a copy in an empty folder, and prints what its README promises."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def copy(name, flow):
    shutil.copytree(EXAMPLES / name, flow.path, dirs_exist_ok=True)
    return flow


def test_every_example_has_a_test_and_a_readme():
    found = {path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name[0] not in "._"}
    tests = Path(__file__).read_text()
    for name in found:
        assert f'copy("{name}", flow)' in tests, f"examples/{name} is not tested here"
        assert "dora run dataflow.yml" in (EXAMPLES / name / "README.md").read_text()


def test_hello_world_prints_all_hundred_messages_in_order(flow, repeat):
    copy("hello-world", flow)
    for _ in range(repeat):
        result = flow.run().succeeded()
        assert result.of("receiver") == [f"Received message: [{i}]" for i in range(100)]


def test_hello_world_loses_nothing_while_the_processors_are_busy(flow, repeat):
    copy("hello-world", flow)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        for _ in range(repeat):
            result = flow.run().succeeded()
            assert result.of("receiver") == [f"Received message: [{i}]" for i in range(100)]
    finally:
        for process in busy:
            process.kill()
            process.wait()


def test_camera_pipeline_finds_the_squares_in_every_frame(flow):
    copy("camera-pipeline", flow)
    text = (flow.path / "dataflow.yml").read_text()
    assert "FRAMES: 150" in text
    (flow.path / "dataflow.yml").write_text(text.replace("FRAMES: 150", "FRAMES: 40"))
    lines = flow.run().succeeded().of("viewer")
    assert lines[-1] == "saw 40 frames"
    assert [line.split(":")[0] for line in lines[:-1]] == [f"frame {n}" for n in (10, 20, 30, 40)]
    assert "red at (527, 344), green at (264, 245), blue at (85, 87)" in lines[0]
    assert all("brightness 26.6" in line for line in lines[:-1])


def test_camera_pipeline_without_end_stops_with_exit_code_0(flow):
    copy("camera-pipeline", flow)
    text = (flow.path / "dataflow.yml").read_text()
    (flow.path / "dataflow.yml").write_text(text.replace("FRAMES: 150", "FRAMES: 0"))
    result = flow.run("--stop-after", "3s").succeeded()
    assert result.of("viewer")[-1].startswith("saw ")


def test_timers_tick_as_often_as_they_should(flow):
    lines = copy("timers", flow).run().succeeded().of("clock")
    assert [line.split(":")[0] for line in lines] == [f"second {n}" for n in range(4)]
    for second, line in enumerate(lines):
        numbers = dict(part.split(" ") for part in line.split(": ")[1].split(", "))
        assert int(numbers["fast"]) == pytest.approx(second * 10 + 1, abs=2)
        assert int(numbers["video"]) == pytest.approx(second * 30 + 1, abs=3)
        if second:
            assert int(numbers["beat"]) == pytest.approx(second * 5, abs=1)


def test_async_nodes_handle_every_message(flow):
    lines = copy("async", flow).run().succeeded().of("streamer")
    assert lines[:-1] == [f"got page of http://example.com/{i}" for i in range(50)]
    assert lines[-1] == "the other task ran meanwhile: True"
