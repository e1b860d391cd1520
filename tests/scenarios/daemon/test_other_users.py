"""What other users of the machine, and readers of its files, get of a dora: nothing."""

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from support.soak import ask

STRANGER = 47112
LIST = b"GET /v1/dataflows HTTP/1.1\r\nHost: dora\r\n\r\n"


def can_become_another():
    """Root of a user namespace may have nobody else to become."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            become_stranger()
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def become_stranger():
    os.setgroups([])
    os.setgid(STRANGER)
    os.setuid(STRANGER)


needs_root = pytest.mark.skipif(not can_become_another(), reason="needs to become another user")


def as_stranger(what):
    """What a process of another user gets from this, as text; the name of an OSError."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer = "nothing"
        try:
            become_stranger()
            answer = what()
        except OSError as error:
            answer = type(error).__name__
        finally:
            os.write(writing, answer.encode())
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        return answer.read()


def talk(folder, name, kind=socket.SOCK_STREAM):
    """Asks at a socket, named in a short way as its address is limited."""
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.settimeout(30)
        opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            client.connect(f"/proc/self/fd/{opened}/{name}")
        finally:
            os.close(opened)
        with contextlib.suppress(BrokenPipeError):
            client.sendall(LIST)
        return client.recv(100).decode() or "closed"


@pytest.fixture
def instance(waiting, daemon):
    """The directory of a dora in the background that runs a dataflow."""
    daemon.wait_for_log(daemon.start(), "waiting", "ready")
    (folder,) = Path(daemon.runtime).glob("dora/*")
    return folder


@needs_root
def test_another_user_cannot_reach_the_control_socket(instance, daemon):
    assert (instance.stat().st_mode & 0o777, instance.parent.stat().st_mode & 0o777) == (
        0o700,
        0o700,
    )
    assert (instance / "control.sock").stat().st_mode & 0o777 == 0o600
    assert talk(instance, "control.sock").startswith("HTTP/1.1 200")
    assert as_stranger(lambda: talk(instance, "control.sock")) == "PermissionError"
    # The kernel tells who they are, even where somebody has opened the doors.
    for folder in (instance, instance.parent, instance.parent.parent):
        folder.chmod(0o755)
    (instance / "control.sock").chmod(0o666)
    refused = as_stranger(lambda: talk(instance, "control.sock"))
    assert refused.startswith("HTTP/1.1 403 "), refused
    assert talk(instance, "control.sock").startswith("HTTP/1.1 200")
    assert daemon.run("stop").code == 0


@needs_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
def test_another_user_sees_no_dataflow_of_ours(instance, dora_program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    for each in (folder, *list(folder.parents)[:2]):
        each.chmod(0o755)
    shutil.copy(dora_program, folder / "dora")
    done = subprocess.run(
        [*("setpriv", f"--reuid={STRANGER}", "--clear-groups"), folder / "dora", "list", "--json"],
        env={"XDG_RUNTIME_DIR": str(instance.parent.parent), "HOME": "/"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done
    assert done.stdout == ""
    shutil.rmtree(f"/tmp/dora-{STRANGER}", ignore_errors=True)


SECRETS = {"DORA_AUTH_TOKEN": "token-4711-hidden", "CAMERA_PASSWORD": "password-4712-hidden"}
IN_YAML = "key-4713-hidden"
ON_THE_LINE = "word-4714-hidden"


def files_with_secrets(*folders):
    wanted = [word.encode() for word in (*SECRETS.values(), IN_YAML, ON_THE_LINE)]
    found = {}
    for folder in folders:
        for path in Path(folder).rglob("*"):
            if path.is_file() and path.name != "dataflow.yml":
                words = [word for word in wanted if word in path.read_bytes()]
                if words:
                    found[str(path)] = words
    return found


def test_secrets_reach_the_nodes_and_nothing_else(waiting, daemon, environment):
    waiting.nodes(
        waiting="""
            import os
            from dora import Node

            node = Node()
            names = ("CAMERA_PASSWORD", "API_KEY", "WORD")
            print("has", [name for name in names if os.environ[name]])
            print("token", os.environ.get("DORA_AUTH_TOKEN"))
            for event in node:
                pass
            raise SystemExit(3)
        """
    )
    text = (waiting.path / "dataflow.yml").read_text()
    waiting.yaml(text + f"    env: {{API_KEY: {IN_YAML}}}\n")
    command = (
        "start",
        "dataflow.yml",
        "--detach",
        "--name",
        "flow",
        "--env",
        f"WORD={ON_THE_LINE}",
    )
    said = [daemon.run(*command, env=SECRETS)]
    assert said[0].code == 0, said[0]
    (uuid,) = daemon.list()
    daemon.wait_for_log(uuid, "waiting", "token")
    assert daemon.messages(uuid, "waiting") == [
        "has ['CAMERA_PASSWORD', 'API_KEY', 'WORD']",
        "token None",
    ]
    engine = Path(f"/proc/{daemon.engine()}")
    for name in ("list", "status", "node list", "node info waiting", "logs flow", "stop", "list"):
        said.append(daemon.run(*name.split(), env=SECRETS))
    said.append(daemon.run("list", "--json", env=SECRETS))
    told = "\n".join(map(str, said[1:])) + said[0].text
    told += str(ask(daemon.runtime, "/v1/dataflows")) + (engine / "cmdline").read_text()
    for word in (*SECRETS.values(), IN_YAML, ON_THE_LINE):
        assert word not in told
    assert daemon.run("down").code == 0
    assert not files_with_secrets(waiting.path, environment["HOME"], daemon.runtime)
