"""Machines that lack what others have, and clocks that jump: dora runs, or says what it needs."""

import json
import shutil
import signal
import subprocess

import pytest

READER = """
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            print("got", event["value"].shape)
"""
SENDER = """
    import numpy as np
    from dora import Node

    Node().send_output("image", np.zeros((480, 640, 3), np.uint8))
"""
YAML = """
    nodes:
      - {id: sender, path: sender.py, outputs: [image]}
      - {id: reader, path: reader.py, inputs: {image: sender/image}}
"""
BUILD = """
    nodes:
      - {id: sender, path: sender.py, outputs: [image], build: touch made}
      - {id: reader, path: reader.py, inputs: {image: sender/image}}
"""
GOT = "reader: got (480, 640, 3)"


@pytest.fixture
def images(flow):
    """A dataflow that sends an image."""
    flow.nodes(sender=SENDER, reader=READER)
    flow.yaml(YAML)
    return flow


@pytest.fixture
def dora_where(flow, start, dora_program):
    """Runs `dora` on a machine changed by shell commands, which only it sees."""

    def run(change, *arguments):
        script = f'set -e; {change}; cd "{flow.path}"; exec "{dora_program}" "$@"'
        done = start("unshare", "--mount", "bash", "-c", script, "dora", *arguments).end()
        flow.wait_until_gone()
        return done

    if not shutil.which("unshare") or run("true", "--version").code != 0:
        pytest.skip("may not make a mount namespace")
    return run


def read_only(flow):
    return f'mount --bind "{flow.path}" "{flow.path}"; mount -o remount,bind,ro "{flow.path}"'


def test_a_folder_that_cannot_be_written_costs_the_logs_and_says_so(images, dora_where):
    done = dora_where(read_only(images), "run", "dataflow.yml")
    assert done.code == 0, done
    assert GOT in done.out
    assert "its output is not written to a file" in done.text
    assert "Read-only file system" in done.text
    assert not (images.path / "out").exists()


def test_what_was_built_runs_from_a_folder_that_cannot_be_written(images, dora_where, run_dora):
    images.yaml(BUILD)
    assert run_dora("build", "dataflow.yml").code == 0
    done = dora_where(read_only(images), "run", "dataflow.yml")
    assert done.code == 0, done
    assert GOT in done.out
    assert "Read-only file system" in done.text


@pytest.mark.parametrize("command", ["build", "run"])
@pytest.mark.parametrize("was_built", [False, True])
def test_a_build_needs_a_folder_that_can_be_written(
    images, dora_where, run_dora, command, was_built
):
    images.yaml(BUILD)
    if was_built:
        assert run_dora("build", "dataflow.yml").code == 0
        (images.path / "made").unlink()
        images.yaml(BUILD.replace("touch made", "touch made anew"))
    done = dora_where(read_only(images), command, "dataflow.yml")
    assert done.code == 4, done
    assert f"{images.path}/" in done.err
    assert "Read-only file system" in done.err
    assert GOT not in done.out
    assert not (images.path / "made").exists()


def test_the_folder_of_shared_memory_is_not_needed(images, dora_where):
    unusable = (
        "if mountpoint -q /dev/shm; then umount /dev/shm; fi; mount -t tmpfs -o ro n /dev/shm"
    )
    done = dora_where(unusable, "run", "dataflow.yml")
    assert done.code == 0, done
    assert GOT in done.out


def test_too_little_address_space_is_told(images, start, dora_program):
    done = start("bash", "-c", f'ulimit -v 200000; exec "{dora_program}" run dataflow.yml').end()
    images.wait_until_gone()
    assert done.code == 1, done
    assert "bytes of shared memory: Cannot allocate memory" in done.err
    assert "ulimit -v" in done.err


# What others see when somebody sets the clock; time spans have another clock.
JUMP = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

static long offset(void) {
  long seconds = 0;
  FILE* file = fopen("jump", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
  fclose(file);
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  int (*real)(clockid_t, struct timespec*) = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += offset();
  return result;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
"""
# The loader's variable reaches no node by itself.
NODE = """\
#!/bin/sh
LD_PRELOAD="$PWD/jump.so" exec python -u {program}
"""
TICKER = """
    from dora import Node

    node = Node()
    number = 0
    for event in node:
        if event["type"] == "INPUT":
            number += 1
            node.send_output("number", [number])
"""
COUNTER = """
    import datetime
    from dora import Node

    last = 0
    for event in Node():
        if event["type"] == "INPUT":
            (number,) = event["value"].to_pylist()
            assert number == last + 1, "a message is missing"
            last = number
            print(datetime.datetime.now().year, flush=True)
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_a_clock_that_jumps_changes_nothing_but_the_time(flow, start, dora_program):
    source = flow.write("jump.c", JUMP)
    command = ["cc", "-shared", "-fPIC", source, "-o", flow.path / "jump.so", "-ldl"]
    subprocess.run(command, check=True)
    flow.nodes(ticker=TICKER, counter=COUNTER)
    for node in ("ticker", "counter"):
        flow.write(f"{node}.sh", NODE.format(program=f"{node}.py")).chmod(0o755)
    flow.yaml("""
        nodes:
          - {id: ticker, path: ticker.sh, inputs: {tick: dora/timer/millis/5}, outputs: [number]}
          - {id: counter, path: counter.sh, inputs: {number: ticker/number}}
    """)

    def jump(seconds):
        flow.write("jump.new", str(seconds)).rename(flow.path / "jump")

    preload = {"LD_PRELOAD": str(flow.path / "jump.so")}
    running = start(dora_program, "run", "dataflow.yml", env=preload)
    running.wait_for("stdout counter: ")
    jump(-20 * 365 * 86400)
    running.wait_for("stdout counter: 200")
    jump(200 * 365 * 86400)
    running.wait_for("stdout counter: 22")
    running.signal(signal.SIGINT)
    done = running.end()
    assert done.code == 0, done
    assert " · 0 dropped" in done.err
    (log,) = flow.path.glob("out/*/log_counter.jsonl")
    years = [json.loads(line)["timestamp"][:2] for line in log.read_text().splitlines()]
    assert {"20", "22"} <= set(years)
