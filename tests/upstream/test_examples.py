"""The Python examples of dora-rs, as they are: DORA_RS_SOURCES names a checkout of them.

`./dev upstream DIR` sets it. Without it nothing here runs: nothing of dora-rs is kept in this
repository. What an example needs beside dora (a camera, a model, a compiled node) is replaced by a
stand-in of the same interface, in stand_ins/; `build:` is left out, as the packages it names are.
"""

import os
import re
import signal
from dataclasses import dataclass, field

import pytest
from support.watchdog import wait_until


@dataclass(frozen=True)
class Example:
    """A dataflow of dora-rs, and how one sees that it works.

    wanted: patterns that its output must match, in any order.
    ends: it ends by itself; else Ctrl-C ends it, as soon as `wanted` was seen.
    then: patterns that its output must match after its end.
    makes: a file that it must have written.
    """

    file: str
    wanted: tuple[str, ...] = ()
    ends: bool = True
    then: tuple[str, ...] = ()
    makes: str = ""
    variables: dict[str, str] = field(default_factory=dict)


EXAMPLES = [
    Example("python-async/dataflow.yaml", ("all nodes are ready",), False, ("done!",)),
    Example(
        "python-concurrent-rw/dataflow.yml",
        (r"stdout node1: info \[\d+\]", r"stdout node2: info \[\d+\]"),
        False,
    ),
    Example(
        "python-dataflow/dataflow.yml",
        ("Received message: \\[99\\]", "'doubled': 198, 'description': 'Message #99'"),
        then=("Sender finished - sent 100 messages", "Transformer finished", "Receiver finished"),
    ),
    Example(
        "python-drain/dataflow.yaml",
        ("drained:  \\[\\{", "receive_data_with_sleep: done!"),
    ),
    Example(
        "python-echo/dataflow.yml",
        (r"\[PASS\] #3 data matches: \[1, 2, 3, 4, 5\]",),
        False,
        (r"Total PASS: \d+",),
    ),
    Example(
        "python-log/dataflow.yaml",
        (r"INFO +receive_data_with_sleep: root info \[\d+\]", "THIS IS A WARNING"),
    ),
    Example(
        "python-logging/dataflow.yml",
        (
            r"ERROR +monitor: root monitor caught error: simulated processing error",
            "monitor summary",
        ),
        False,
        ("monitor final: ", "processor stopping, ", "sensor stopping after "),
    ),
    Example(
        "python-multiple-arrays/dataflow.yml",
        (r"Shape1: \(480, 640, 3\), Shape2: \(480, 640, 3\), State: \(1, 6\)",),
        False,
    ),
    Example(
        "python-operator-dataflow/dataflow.yml",
        (r"found something in \(480, 640, 3\)", "camera_available=False"),
        variables={"CI": "true", "CAMERA_INDEX": "9"},
    ),
    Example(
        "python-operator-dataflow/dataflow_conda.yml",
        (r"found something in \(480, 640, 3\)", r"frame shows \(480, 640, 3\)"),
        False,
        ("received stop",),
    ),
    Example(
        "python-parquet-recorder/dataflow.yml",
        ("Recorder ready: ready", "Saved 30 frames -> logs/frames_0000.parquet"),
        False,
        ("Camera node finished. Total frames sent: ", "Recorder finished."),
    ),
    Example(
        "python-recv-async/dataflow.yml",
        ("recv-async: SUCCESS - received and echoed 10 messages",),
    ),
    Example(
        "python-yolo-detection/dataflow.yml",
        (r"found something in \(480, 640, 3\)", r"frame shows \(480, 640, 3\)"),
        False,
        ("windows closed",),
    ),
    Example(
        "python-yolo-detection/dataflow_multi.yml",
        (r"Camera 0 shows \(480, 640, 3\)", r"Camera 1 shows \(480, 640, 3\)"),
        False,
        ("plot_0: windows closed", "plot_1: windows closed"),
    ),
    Example(
        "python-zero-copy-send/dataflow.yml",
        (
            r"tick 10/10: sent large_output \+ rgb_image",
            r"\[10\] rgb_image: 10000 pixels \(100x100\), first pixel RGB\(10, 64, 128\)",
            r"STOP — received 10 large_output \+ 10 rgb_image",
        ),
    ),
    Example("python-zero-copy-send/contract_dataflow.yml", ("11/11 contract cases passed",)),
    Example(
        "benchmark/python-dataflow.yml", ("latency 4096000 B: 100", "throughput 4096000 B: 100")
    ),
    Example(
        "cross-language/python-to-rust.yml",
        ("rust-receiver: SUCCESS - validated 10 messages",),
    ),
    Example(
        "cross-language/rust-to-python.yml",
        ("python-receiver: SUCCESS - validated 10 messages",),
    ),
    Example("cuda-benchmark/cpu_bench.yml", makes="benchmark_data.csv"),
    Example("cuda-benchmark/cuda_bench.yml", makes="benchmark_data.csv"),
    Example(
        "log-aggregator/dataflow.yml",
        (
            r"\[(INFO|WARN) +\]\[sensor\] (T|High t)emperature: ",
            r"\[DEBUG +\]\[processor\] Converted",
        ),
        False,
    ),
    Example(
        "log-sink-alert/dataflow.yml",
        (r'logs: \{"timestamp": .*"level": "error", .*"message": "log entry 0"\}', "log entry 19"),
    ),
    Example(
        "log-sink-file/dataflow.yml",
        (r"sensor_logs: \{.*sensor reading: ", r"processor_logs: \{.*processor: avg="),
        False,
    ),
    Example("log-sink-tcp/dataflow.yml", (r"logs: \{.*reading #2: ",), False),
    Example(
        "mavlink2-bridge/dataflow-python.yml",
        ("heartbeat #3 custom_mode=0 mavtype=2 autopilot=3 system_status=4",),
        False,
        (r"done \(\d+ heartbeats decoded\)",),
    ),
    Example(
        "module-dataflow/dataflow.yml",
        (r"Received \[filtered\]: \[38\]", r"Doubled \[19\] -> \[38\]"),
        then=("Receiver done",),
    ),
    Example(
        "streaming-example/dataflow.yml",
        (r"\] Complete \(\d+ tokens\): Robotics combines .* physical world\.",),
        False,
    ),
    Example("typed-dataflow/dataflow.yml", (r"\[sink\] (OK|HIGH|LOW): \d+\.\d",)),
    Example(
        "ros2-comparison/dataflow.yml",
        (r"3MB +avg=.*\(n=100\)", r"3MB +\d+ msg/s  \(n=100"),
    ),
]


@pytest.mark.skipif("DORA_RS_SOURCES" not in os.environ, reason="needs a checkout of dora-rs")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file.partition(".")[0])
def test_the_example_runs(sources, flow, example):
    run = flow.start("--no-build", file=f"examples/{example.file}", env=example.variables)
    if not example.ends:
        wait_until(
            lambda: all(re.search(each, run.running.text) for each in example.wanted), "the output"
        )
        run.signal(signal.SIGINT)
    result = run.wait(patience=280).succeeded()
    for pattern in (*example.wanted, *example.then):
        assert re.search(pattern, result.text), f"without {pattern!r}:\n{result.text}"
    if example.makes:
        assert (flow.path / "examples" / example.file).with_name(example.makes).is_file()


def test_the_manual_lists_them(repository):
    """DORA_WRITE_DOCUMENTS=1 writes it."""
    page = repository / "docs" / "python" / "from-dora-rs.md"
    before, mark, rest = page.read_text().partition("<!-- examples -->\n")
    _, end, after = rest.partition("<!-- end -->")
    rows = ["| Example | Its output must have, among others (a pattern) |", "|---|---|"]
    for each in EXAMPLES:
        seen = (*each.wanted, *each.then)[0] if each.wanted else f"(it writes {each.makes})"
        seen = seen.replace("|", "\\|")
        rows.append(f"| `{each.file}` | `{seen}` |")
    text = before + mark + "\n".join(rows) + "\n" + end + after
    if os.environ.get("DORA_WRITE_DOCUMENTS"):
        page.write_text(text)
    assert page.read_text() == text
