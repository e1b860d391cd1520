"""What the machine has not enough of is said, with the way out, and nothing is left running."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PASSES_ON = """
    import sys
    from dora import Node

    node = Node()
    for event in node:
        if event["type"] == "INPUT":
            if "last" in sys.argv:
                print("got", event["value"].to_pylist(), flush=True)
            else:
                node.send_output("token", event["value"])
            break
"""
SENDS = """
    import pyarrow as pa
    from dora import Node

    Node().send_output("token", pa.array([7]))
"""


@pytest.mark.timeout(600)
def test_200_nodes_start_work_and_end(flow):
    flow.nodes(first=SENDS, passes=PASSES_ON)
    lines = ["nodes:", "  - {id: node-0, path: first.py, outputs: [token]}"]
    for i in range(1, 200):
        ports = f"inputs: {{token: node-{i - 1}/token}}"
        ports += ", args: last" if i == 199 else ", outputs: [token]"
        lines.append(f"  - {{id: node-{i}, path: passes.py, {ports}}}")
    flow.yaml("\n".join(lines))
    result = flow.start().wait(patience=500).succeeded()
    assert "got [7]" in result.text
    flow.wait_until_gone()


def limited(flow, start, dora_program, limit, env=None):
    """`dora run` under a limit of the shell."""
    done = start("bash", "-c", f"{limit}; exec {dora_program} run dataflow.yml", env=env).end()
    flow.wait_until_gone()
    return done


def test_too_few_file_descriptors_are_told_with_the_way_out(flow, start, dora_program):
    flow.nodes(waits="from dora import Node\nfor event in Node(): pass")
    nodes = "".join(
        f"  - {{id: n{i}, path: waits.py, inputs: {{tick: dora/timer/secs/1}}}}\n"
        for i in range(60)
    )
    flow.yaml("nodes:\n" + nodes)
    done = limited(flow, start, dora_program, "ulimit -n 48")
    assert done.code == 1
    assert "Too many open files" in done.err
    assert "ulimit -n" in done.err


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs a user that runs nothing else")
def test_too_few_processes_are_told_with_the_way_out(dora_program):
    folder = Path(tempfile.mkdtemp(prefix="dora-limit-"))
    try:
        folder.chmod(0o777)
        (folder / "run").mkdir()
        (folder / "run").chmod(0o777)
        # Ours may be in a folder that is closed to others.
        shutil.copy(dora_program, folder / "dora")
        (folder / "dataflow.yml").write_text(
            "nodes:\n" + "".join(f"  - {{id: n{i}, path: sleep, args: '60'}}\n" for i in range(20))
        )
        done = subprocess.run(
            [
                *("setpriv", "--reuid=47111", "--clear-groups", "bash", "-c"),
                "ulimit -u 8; exec ./dora run dataflow.yml",
            ],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert done.returncode == 1, done
    assert "Resource temporarily unavailable" in done.stderr
    assert "ulimit -u" in done.stderr


SPEAKER = """
    from dora import Node

    node = Node()
    for number in range(3000):
        print("line", number, "x" * 200)
    print("done", flush=True)
"""


def test_a_folder_that_takes_no_logs_does_not_stop_a_node(flow):
    flow.nodes(speaker=SPEAKER)
    flow.yaml("nodes: [{id: speaker, path: speaker.py}]")
    flow.write("out", "a file where the folder of the logs would be")
    result = flow.run().succeeded()
    assert result.of("speaker")[-1] == "done"
    assert f"{flow.path}/out" in result.text


def test_a_limit_of_the_size_of_files_costs_log_lines_and_says_so(flow):
    """`ulimit -f`: the kernel's answer to who ignores it is a signal that kills."""
    limit = "resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (4096, -1))"
    flow.nodes(speaker=f"    import os, resource\n\n    {limit}\n{SPEAKER}")
    flow.yaml("nodes: [{id: speaker, path: speaker.py}]")
    result = flow.run().succeeded()
    assert result.of("speaker")[-1] == "done"
    assert "File too large" in result.text


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small disk")
def test_a_full_disk_costs_log_lines_and_says_so(flow):
    flow.nodes(speaker=SPEAKER)
    flow.yaml("nodes: [{id: speaker, path: speaker.py}]")
    out = flow.path / "out"
    out.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", out]
    if subprocess.run(small, check=False, capture_output=True).returncode != 0:
        pytest.skip("may not mount")
    try:
        result = flow.run().succeeded()
    finally:
        subprocess.run(["umount", out], check=True)
    assert result.of("speaker")[-1] == "done"
    assert "No space left on device" in result.text


def small_control_group():
    """A folder of a control group with little memory, of which a process can be made a member."""
    for root, limits in (
        ("/sys/fs/cgroup/memory", {"memory.limit_in_bytes": "100M"}),
        ("/sys/fs/cgroup", {"memory.max": "100M", "memory.swap.max": "0"}),
    ):
        group = Path(root) / f"dora-test-{os.getpid()}"
        try:
            group.mkdir()
            for name, limit in limits.items():
                (group / name).write_text(limit)
        except OSError:
            if group.is_dir():
                group.rmdir()
            continue
        return group
    return None


def test_a_node_that_takes_all_memory_is_told_from_one_that_was_killed(flow):
    group = small_control_group()
    if group is None:
        pytest.skip("may not make a control group")
    try:
        flow.nodes(
            greedy=f"""
                import os
                from pathlib import Path

                from dora import Node

                node = Node()
                Path("{group}/cgroup.procs").write_text(str(os.getpid()))
                hoard = []
                while True:
                    hoard.append(os.urandom(10_000_000))
            """,
            killed="""
                import os, signal
                from dora import Node

                node = Node()
                os.kill(os.getpid(), signal.SIGKILL)
            """,
        )
        flow.yaml("nodes: [{id: killed, path: killed.py}]")
        done = flow.run()
        assert done.code == 1
        assert "SIGKILL" in done.text
        assert "memory" not in done.text
        flow.yaml("nodes: [{id: greedy, path: greedy.py}]")
        done = flow.run()
        assert done.code == 1
        assert "SIGKILL (the machine or its control group ran out of memory" in done.text
    finally:
        flow.wait_until_gone()
        group.rmdir()
