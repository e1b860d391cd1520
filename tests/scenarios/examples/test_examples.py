"""Every example runs from a copy in an empty folder, and prints what its README promises."""

import re
import shutil
import signal
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
        result = flow.run_in_time()
        assert result.of("receiver") == [f"Received message: [{i}]" for i in range(100)]


def test_hello_world_loses_nothing_while_the_processors_are_busy(flow, repeat):
    copy("hello-world", flow)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        for _ in range(repeat):
            result = flow.run_in_time()
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


def test_echo_keeps_the_metadata(flow):
    lines = copy("echo", flow).run().succeeded().of("receiver")
    assert lines == ["0 to . True", "1 be . True", "2 or . True", "3 not ! True"]


def test_drain_takes_all_that_waits(flow):
    (line,) = copy("drain", flow).run().succeeded().of("batcher")
    assert line.startswith("60 readings in ")
    assert line.endswith(", in order: True")


def test_concurrent_rw_answers_everything(flow):
    lines = copy("concurrent-rw", flow).run().succeeded().of("ping")
    assert lines == ["100 answers, in order: True"]


def test_multiple_arrays_arrive_as_they_were(flow):
    lines = copy("multiple-arrays", flow).run().succeeded().of("viewer")
    assert lines == ["float32 (6,), ['base', 'arm', 'hand'], uint8 (3, 4)"]


def test_zero_copy_sends_what_was_written(flow):
    lines = copy("zero-copy", flow).run().succeeded().of("viewer")
    assert lines == [
        f"frame {number}: (1080, 1920, 3), brightness {value}"
        for number, value in enumerate([0, 1, 2, 3, 4, 255])
    ]


def test_service_answers_each_request(flow):
    lines = copy("service", flow).run().succeeded().of("client")
    assert lines == ["second: [42]", "first: [6]"]


def test_action_succeeds_and_is_canceled(flow):
    lines = copy("action", flow).run().succeeded().of("pilot")
    assert lines == [
        "first goal: succeeded",
        "second goal: canceled",
        "feedback: [3, 2, 1]",
    ]


def test_streaming_forgets_what_was_interrupted(flow):
    lines = copy("streaming", flow).run().succeeded().of("player")
    # A player that is quicker than the speaker may have played the first segment.
    assert lines[-1] == "segment 2: stop now"
    assert "segment 1: let me" not in lines


def test_dynamic_nodes_come_and_go(flow, start, dora_program):
    copy("dynamic", flow)
    run = flow.start()
    run.wait_for("all nodes are ready")
    for _ in range(2):
        completed = start(dora_program.parent / "python", "plot.py").end()
        assert completed.code == 0, completed.text
        assert len(completed.out.splitlines()) == 10
    run.signal(signal.SIGINT)
    run.wait().succeeded()


def test_live_change_does_what_its_readme_says(flow, run_dora):
    copy("live-change", flow)
    text = (flow.path / "README.md").read_text()
    commands = re.findall(r"^dora ((?:node|param) [^#\n]+)", text, re.MULTILINE)
    run = flow.start()
    run.wait_for("printer: number 1")
    expected = ["", "", "printer: even ", "printer: number 100", "printer: even has ended"]
    for command, line in zip(commands, expected, strict=True):
        done = run_dora(*command.split())
        assert done.code == 0, done
        if line:
            run.wait_for(line)
    run.signal(signal.SIGINT)
    lines = run.wait().succeeded().of("printer")
    evens = [int(line[5:]) for line in lines if re.fullmatch(r"even \d+", line)]
    assert evens
    assert all(number % 2 == 0 for number in evens)


def test_builder_says_and_does_what_the_yaml_does(flow, start, dora_program):
    copy("builder", flow)
    assert flow.run().succeeded().of("receiver") == ["got 0", "got 1", "got 2"]
    completed = start(dora_program.parent / "python", "build.py").end()
    assert completed.code == 0, completed.text
    assert (flow.path / "dataflow.yml").read_text() in completed.out
    assert "receiver: got 2" in completed.out


def test_the_doubler_doubles_the_numbers_of_the_ticks(flow):
    copy("doubler", flow)
    assert flow.run().succeeded().of("printer") == [f"doubled: {i}" for i in (0, 2, 4, 6, 8)]


def test_the_detection_operator_finds_the_square_in_every_frame(flow):
    copy("detection-operator", flow)
    assert flow.run().succeeded().of("vision") == [
        f"frame {i}: {50 * i},100 to {50 * i + 50},150" for i in range(10)
    ]


def test_nodes_and_operators_in_c_and_cpp_work_with_python(flow):
    copy("c-and-cpp", flow)
    asked = [sys.executable, "-m", "dora", "--cmake-dir"]
    folder = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    for command in (["cmake", "-B", "build", f"-Ddora_DIR={folder}"], ["cmake", "--build", "build"]):
        built = subprocess.run(command, cwd=flow.path, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr
    assert flow.run().succeeded().of("listener") == [
        f"({i} + 1) squared is {(i + 1) ** 2}" for i in range(1, 6)
    ]


def test_polling_sees_every_message_and_the_stop(flow):
    copy("polling", flow)
    lines = flow.run().succeeded().of("receiver")
    assert lines[:2] == [
        "message 0: [{'x': 0.0, 'name': 'even'}]",
        "message 1: [{'x': 0.5, 'name': 'odd'}]",
    ]
    assert lines[99:] == ["message 99: [{'x': 49.5, 'name': 'odd'}]", "Input message closed"]
    run = flow.start()
    run.wait_for("receiver: message 3")
    run.signal(signal.SIGINT)
    assert "stopped before message" in run.wait().succeeded().text


def test_logging_reaches_the_watcher(flow):
    copy("logging", flow)
    result = flow.run().succeeded()
    assert result.of("watcher") == [
        "INFO: starting",
        "WARN: battery low (percent 12)",
        "INFO: processed item (count 3)",
    ]
    for dropped in ("too small", "plain text"):
        assert dropped not in result.text


def test_the_log_aggregator_counts_what_all_say(flow):
    copy("log-aggregator", flow)
    lines = flow.run().succeeded().of("reader")
    assert lines == ["motor ERROR 1, motor INFO 3, sensor INFO 3"]


def test_modules_are_used_twice(flow, run_dora):
    copy("modules", flow)
    assert flow.run().succeeded().of("printer") == [
        f"evens {list(range(0, 20, 2))}",
        f"thirds {list(range(0, 20, 3))}",
    ]
    assert "thirds.sieve" in run_dora("expand", "dataflow.yml").out


def test_types_fit_and_a_mistake_is_found(flow, run_dora):
    copy("types", flow)
    assert flow.run(env={"DORA_RUNTIME_TYPE_CHECK": "error"}).succeeded().of("controller") == [
        "Speed 1.5",
        "Speed 3.0",
    ]
    text = (flow.path / "dataflow.yml").read_text()
    head, _, tail = text.rpartition("Float64")
    (flow.path / "dataflow.yml").write_text(f"{head}String{tail}")
    assert run_dora("validate", "--strict-types", "dataflow.yml").code == 3


def test_async_timeouts_lose_nothing(flow):
    copy("async-timeouts", flow)
    lines = flow.run().succeeded().of("receiver")
    assert [line for line in lines if line != "nothing for 0.2 s"] == [
        *(f"message {number}" for number in range(10)),
        "took 10 of 10",
    ]


def test_the_recorder_writes_every_row(flow):
    copy("recorder", flow)
    lines = flow.run().succeeded().of("recorder")
    assert lines == ["rows.parquet: 20 rows, mean temperature 29.5"]
    assert (flow.path / "rows.parquet").exists()
