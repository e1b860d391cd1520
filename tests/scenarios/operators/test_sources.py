"""What `python:` and `shared-library:` may name: files, modules and URLs."""

import functools
import hashlib
import http.server
import threading

import pytest

OPERATOR = """
class {name}:
    def on_event(self, event, send_output):
        print("{said}", event["type"])
        return 1
"""


def flow_of(operator):
    return f"""
nodes:
  - id: runtime
    operator:
      {operator}
      inputs: {{tick: dora/timer/millis/10}}
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("robots.arm", "arm"),
        ("robots.arm:Lift", "lift"),
        ("single:Operator", "single"),
        ("robots/arm.py", "arm"),
        ("robots/arm.py:Lift", "lift"),
        ("$PWD/robots/arm.py", "arm"),
        ("{source: 'robots.arm:Lift'}", "lift"),
    ],
)
def test_files_and_modules_and_their_classes(run_dataflow, workspace, environment, source, said):
    (workspace / "robots").mkdir()
    (workspace / "robots" / "__init__.py").touch()
    (workspace / "robots" / "arm.py").write_text(
        OPERATOR.format(name="Operator", said="arm") + OPERATOR.format(name="Lift", said="lift")
    )
    environment["PWD"] = str(workspace)
    text = source if source.startswith("{") else f"'{source}'"
    ended = run_dataflow(
        flow_of(f"python: {text}"), single=OPERATOR.format(name="Operator", said="single")
    )
    assert ended.code == 0, ended.text
    assert f"{said} INPUT" in ended.out


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("robots.arm", "finds no module 'robots'"),
        ("json.arm", "finds no module 'json.arm'"),
        ("json.decoder", "has no class `Operator`"),
        ("broken:Operator", "No module named 'not_there'"),
    ],
)
def test_modules_that_are_none_are_told(run_dataflow, source, said):
    ended = run_dataflow(flow_of(f"python: '{source}'"), broken="import not_there")
    assert ended.code == 1
    assert said in ended.text


def test_one_word_alone_is_a_file(run_dataflow):
    ended = run_dataflow(flow_of("python: robots"))
    assert ended.code == 3
    assert "no Python library at" in ended.text


@pytest.fixture
def server(tmp_path):
    """A folder whose files have URLs."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    served.folder = folder
    served.url = f"http://127.0.0.1:{served.server_port}"
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def test_an_operator_is_downloaded_at_every_start_and_kept(run_dataflow, workspace, server):
    flow = flow_of(f"python: '{server.url}/arm.py:Lift'")
    for said in ("first", "second"):
        (server.folder / "arm.py").write_text(OPERATOR.format(name="Lift", said=said))
        ended = run_dataflow(flow)
        assert ended.code == 0, ended.text
        assert f"{said} INPUT" in ended.out
    (server.folder / "arm.py").unlink()
    ended = run_dataflow(flow)
    assert ended.code == 0, ended.text
    assert "404 File not found: using what was downloaded before" in ended.text
    assert "second INPUT" in ended.out
    (workspace / "build" / "arm.py").unlink()
    ended = run_dataflow(flow)
    assert ended.code == 1
    assert f"downloading {server.url}/arm.py: the server answered 404" in ended.text


def test_a_library_is_downloaded(run_dataflow, compile_operator, workspace, server):
    compile_operator(
        "arm",
        """
        #include <dora/operator.h>
        #include <stdio.h>
        dora_status dora_operator_create(dora_operator* self, void** state) {
          (void)self;
          *state = NULL;
          return DORA_OK;
        }
        dora_status dora_operator_on_event(dora_operator* self, void* state, dora_event* event,
                                           dora_operator_status* answer) {
          (void)self;
          (void)state;
          printf("event %d\\n", (int)dora_event_get_type(event));
          fflush(stdout);
          *answer = DORA_OPERATOR_STOP;
          return DORA_OK;
        }
        void dora_operator_destroy(dora_operator* self, void* state) {
          (void)self;
          (void)state;
        }
        """,
    )
    (workspace / "libarm.so").rename(server.folder / "arm-1.0.so")
    ended = run_dataflow(flow_of(f"shared-library: '{server.url}/arm-1.0.so?x=1'"))
    assert ended.code == 0, ended.text
    assert "event 1" in ended.out


def test_a_checksum_is_held_to_and_spares_the_network(run_dataflow, workspace, server):
    text = OPERATOR.format(name="Lift", said="checked")
    (server.folder / "arm.py").write_text(text)
    right = hashlib.sha256(text.encode()).hexdigest()
    flow = flow_of(f"python: '{server.url}/arm.py:Lift'\n      path_sha256: ")
    ended = run_dataflow(flow.replace("path_sha256: ", f"path_sha256: {'f' * 64}"))
    assert ended.code == 1
    assert f"its sha256 is {right}, not {'f' * 64} as `path_sha256` says" in ended.text
    flow = flow.replace("path_sha256: ", f"path_sha256: '{right.upper()}'")
    ended = run_dataflow(flow)
    assert ended.code == 0, ended.text
    assert (workspace / "build" / right / "arm.py").is_file()
    (server.folder / "arm.py").unlink()
    ended = run_dataflow(flow)
    assert ended.code == 0, ended.text
    assert "checked INPUT" in ended.out


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("python: arm.py\n      path_sha256: " + "f" * 64, "needs a `python` that is a URL"),
        ("shared-library: arm\n      path_sha256: " + "f" * 64, "needs a `shared-library`"),
        ("python: 'http://x/arm.py'\n      path_sha256: f00", "has not 64 hexadecimal digits"),
    ],
)
def test_a_checksum_that_is_none_is_refused(run_dataflow, lines, said):
    ended = run_dataflow(flow_of(lines), arm="")
    assert ended.code == 3
    assert said in ended.err


def test_offline_uses_what_was_downloaded(run_dataflow, server):
    (server.folder / "arm.py").write_text(OPERATOR.format(name="Operator", said="first"))
    flow = flow_of(f"python: '{server.url}/arm.py'")
    ended = run_dataflow(flow, "--offline")
    assert ended.code == 1
    assert "has not been downloaded, and `--offline` forbids it" in ended.text
    assert run_dataflow(flow).code == 0
    (server.folder / "arm.py").write_text(OPERATOR.format(name="Operator", said="second"))
    ended = run_dataflow(flow, "--offline")
    assert ended.code == 0, ended.text
    assert "first INPUT" in ended.out
