"""Nodes whose `path` is a URL: downloaded, verified, made executable and run."""

import hashlib

import pytest
from support.file_server import FileServer

PROGRAM = "#!/bin/sh\necho I am {}\n"


@pytest.fixture
def server():
    with FileServer() as made:
        yield made


@pytest.fixture
def write_flow(flow, server):
    def write(name="/files/hello?x=1", rest=""):
        flow.yaml(f"nodes: [{{id: hello, path: '{server.url}{name}'{rest}}}]")

    return write


def test_a_program_is_downloaded_and_run(flow, server, write_flow):
    server.files["/files/hello"] = PROGRAM.format("first").encode()
    write_flow()
    assert flow.run().succeeded().of("hello") == ["I am first"]
    assert (flow.path / "build/hello").stat().st_mode & 0o111
    assert [path.name for path in (flow.path / "build").iterdir()] == ["hello"]
    server.files["/files/hello"] = PROGRAM.format("second").encode()
    assert flow.run().succeeded().of("hello") == ["I am second"]
    assert flow.run("--offline").succeeded().of("hello") == ["I am second"]
    assert flow.run("--no-build").succeeded().of("hello") == ["I am second"]


def test_what_was_downloaded_serves_while_the_server_is_away(flow, server, write_flow):
    server.files["/files/hello"] = PROGRAM.format("first").encode()
    write_flow()
    flow.run().succeeded()
    server.files.clear()
    away = flow.run().succeeded()
    assert away.of("hello") == ["I am first"]
    assert "using what was downloaded before" in away.text


def test_a_script_is_run_by_python(flow, server, write_flow):
    server.files["/hello.py"] = b"from dora import Node\nprint(Node().node_config()['outputs'])\n"
    write_flow("/hello.py", ", outputs: [x]")
    assert flow.run().succeeded().of("hello") == ["['x']"]


def test_a_checksum_is_verified_each_time(flow, server, write_flow):
    body = PROGRAM.format("right").encode()
    server.files["/hello"] = body
    checksum = hashlib.sha256(body).hexdigest()
    write_flow("/hello", f', path_sha256: "{checksum.upper()}"')
    assert flow.run().succeeded().of("hello") == ["I am right"]
    assert flow.run().succeeded().of("hello") == ["I am right"]
    assert len(server.asked) == 1
    program = flow.path / "build" / checksum / "hello"
    program.write_text(PROGRAM.format("spoiled"))
    assert flow.run().succeeded().of("hello") == ["I am right"]
    assert len(server.asked) == 2


def test_a_checksum_is_verified_before_each_life(flow, server, write_flow):
    """Also of a node that dora starts again, without a build."""
    body = b"#!/bin/sh\necho one life\necho '# spoiled' >> \"$0\"\nexit 1\n"
    server.files["/hello"] = body
    checksum = hashlib.sha256(body).hexdigest()
    write_flow("/hello", f", path_sha256: {checksum}, restart_policy: always, max_restarts: 3")
    failed = flow.run()
    assert failed.code == 1, failed.text
    assert failed.of("hello").count("one life") == 1
    assert f"not {checksum} as `path_sha256` says" in failed.text
    program = flow.path / "build" / checksum / "hello"
    assert str(program) in failed.text
    # What is spoiled is not started at all.
    failed = flow.run("--no-build")
    assert failed.code == 1, failed.text
    assert failed.of("hello") == []
    assert "as `path_sha256` says" in failed.text


@pytest.mark.parametrize(
    ("name", "rest", "answer"),
    [
        ("/nowhere", "", "the server answered 404"),
        ("/hello", f', path_sha256: "{"0" * 64}"', "as `path_sha256` says"),
    ],
)
def test_a_download_that_fails_ends_the_build(flow, server, write_flow, name, rest, answer):
    server.files["/hello"] = PROGRAM.format("hello").encode()
    write_flow(name, rest)
    failed = flow.run()
    assert failed.code == 4, failed.text
    assert "building node `hello`" in failed.text
    assert answer in failed.text
    assert not [path for path in flow.path.glob("build/**/*") if path.is_file()]


def test_an_answer_that_breaks_off_is_no_program(flow, server, write_flow):
    server.files["/hello"] = PROGRAM.format("hello").encode()
    server.missing = 10
    write_flow("/hello")
    failed = flow.run()
    assert failed.code == 4, failed.text
    assert not list(flow.path.glob("build/*"))


def test_not_downloaded_and_not_allowed(flow, server, write_flow):
    write_flow("/hello")
    for flag, answer in (("--offline", "forbids it"), ("--no-build", "run `dora build")):
        refused = flow.run(flag)
        assert refused.code == 4, refused.text
        assert answer in refused.text
    assert server.asked == []


def test_a_dataflow_is_downloaded_and_run(flow, server):
    server.files["/flows/hello.yml"] = b"nodes: [{id: a, path: sh, args: -c 'echo here'}]"
    url = f"{server.url}/flows/hello.yml?raw=1"
    for _ in range(2):
        assert flow.run(file=url).succeeded().of("a") == ["here"]
    assert (flow.path / "hello.yml").stat().st_mode & 0o111 == 0
    mine = "nodes: []"
    flow.write("hello.yml", mine)
    refused = flow.run(file=url)
    assert refused.code == 3, refused.text
    assert "move it away" in refused.text
    assert (flow.path / "hello.yml").read_text() == mine
    assert flow.run(file=f"{server.url}/nowhere.yml").code == 3
