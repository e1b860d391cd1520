"""The exit codes of docs/errors.md, each as a user meets it."""

import json
import os
import re
import signal
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[3] / "docs/errors.md").read_text()
STUBBORN = """
    import signal, time
    from dora import Node
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    node = Node()
    print("ready")
    while True:
        time.sleep(1)
"""

# Name: exit code, nodes of the dataflow, command line, what the answer holds.
TABLE = {
    "it ends well": (0, "{id: a, path: sh, args: -c true}", "run dataflow.yml", ""),
    "stopped in time": (0, "{id: a, path: sh, args: -c 'sleep 1000'}",
                        "run dataflow.yml --stop-after 100ms --grace-duration 100ms", ""),
    "a node fails": (1, "{id: a, path: sh, args: -c 'exit 9'}", "run dataflow.yml", "code 9"),
    "a wrong flag": (2, "", "run dataflow.yml --stop-aftr 1s", "did you mean"),
    "a wrong value": (2, "", "run dataflow.yml --stop-after soon", "not a duration"),
    "no such file": (3, "", "run nowhere.yml", "nowhere.yml"),
    "a wrong dataflow": (3, "{id: a, path: sh, inputs: {x: b/y}}", "run dataflow.yml", "E011"),
    "a wrong dataflow to check": (3, "{id: a, pth: sh}", "validate dataflow.yml", "E004"),
    "a build fails": (4, "{id: a, path: sh, build: 'false'}", "build dataflow.yml", "exit code 1"),
    "a build fails in run": (4, "{id: a, path: sh, build: 'false'}", "run dataflow.yml", "`a`"),
    "no repository": (4, "{id: a, path: sh, git: nowhere}", "build dataflow.yml", "ls-remote"),
    "no lock file": (4, "{id: a, path: sh}", "build --locked dataflow.yml", "no lock file"),
    "no lock file to run": (4, "{id: a, path: sh}", "run --locked dataflow.yml", "no lock file"),
    "no daemon": (5, "{id: a, path: sh}", "start dataflow.yml --detach", "dora up"),
    "no daemon to stop": (5, "", "down", "dora up"),
    "another machine": (5, "", "list --coordinator-addr 192.0.2.1", "192.0.2.1"),
    "no such dataflow": (6, "", "stop nothing", "`nothing`"),
    "no such code": (6, "", "explain E999", "E999"),
}  # fmt: skip


def test_the_page_lists_them():
    codes = re.findall(r"^\| (\d+) \| ", PAGE.partition("## Kinds")[0], re.MULTILINE)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "7", "130"]


@pytest.mark.parametrize("case", TABLE)
def test_exit_code(case, flow, run_dora):
    code, nodes, line, answer = TABLE[case]
    flow.yaml(f"nodes: [{nodes}]")
    ended = run_dora(*line.split())
    assert ended.code == code, ended
    assert answer in ended.text
    assert not flow.processes()


class OtherVersion(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": "9.0.0", "protocol": 999, "pid": 1}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def address_string(self):
        return "a dora"

    def log_message(self, *arguments):
        pass


@pytest.fixture
def other_version(environment):
    """A daemon that speaks another protocol, as far as its directory and its answers tell."""
    root = Path(environment["XDG_RUNTIME_DIR"]) / "dora"
    folder = root / "default"
    for each in (root, folder):
        each.mkdir(mode=0o700)
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    record = {
        "kind": "daemon",
        "pid": os.getpid(),
        "start_time": int(started),
        "boot_id": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "version": "9.0.0",
    }
    (folder / "record.json").write_text(json.dumps(record))
    with socketserver.UnixStreamServer(str(folder / "control.sock"), OtherVersion) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_another_version(other_version, flow, run_dora):
    flow.yaml("nodes: [{id: a, path: sh}]")
    refused = run_dora("start", "dataflow.yml", "--detach")
    assert refused.code == 7, refused
    assert re.search(r"is dora 9\.0\.0 and this is dora \d+\.\d+\.\d+", refused.err)


def test_a_second_ctrl_c(flow):
    flow.nodes(stubborn=STUBBORN)
    flow.yaml("nodes: [{id: stubborn, path: stubborn.py}]")
    run = flow.start()
    run.wait_for("ready")
    run.signal(signal.SIGINT)
    run.wait_for("stopping")
    run.signal(signal.SIGINT)
    assert run.wait().code == 130
    flow.wait_until_gone()
