"""Packages whose index points to programs for this kind of machine: downloaded, verified, run."""

import hashlib
import json
import platform

import pytest
from support.file_server import CERTIFICATE, FileServer

PROGRAM = """#!/bin/sh
echo "{word} in $PWD with $VOICE"
"""
ENTRY = """
    manifest:
      apiVersion: 1
      name: hello
      namespace: acme
      runtime: c
      entrypoint: bin/hello
      build: sh -c "echo must not be built; exit 1"
      outputs: {{word: {{type: std/core/v1/String}}}}
    source:
      binary:
        - {{platform: {other}, url: "https://127.0.0.1:1/other", sha256: "{zeros}"}}
        - {{platform: {platform}, url: "{url}", sha256: "{checksum}"}}
"""
HERE = f"linux-{platform.machine()}"
ELSEWHERE = "linux-armv7"


class Index:
    """An index on this machine that points to programs of a server."""

    def __init__(self, path, server):
        self.path = path / "index" / "acme" / "hello"
        self.path.mkdir(parents=True)
        self.server = server
        self.config = path / "hub.toml"
        self.config.write_text(
            f'[[index]]\nalias = "local"\npath = "{path}/index"\nnamespaces = ["acme"]\n'
        )

    def publish(self, version, word, here=HERE, checksum=None):
        body = PROGRAM.format(word=word).encode()
        self.server.files[f"/{version}/hello"] = body
        text = ENTRY.format(
            other=ELSEWHERE if here == HERE else "macos-aarch64",
            platform=here,
            url=f"{self.server.url}/{version}/hello",
            checksum=checksum or hashlib.sha256(body).hexdigest(),
            zeros="0" * 64,
        )
        lines = [line.removeprefix("    ") for line in text.lstrip("\n").splitlines()]
        (self.path / f"{version}.yml").write_text("\n".join(lines) + "\n")


@pytest.fixture
def server():
    with FileServer(is_secure=True) as made:
        yield made


@pytest.fixture
def index(tmp_path, server, environment):
    made = Index(tmp_path, server)
    environment["DORA_HUB_CONFIG"] = str(made.config)
    environment["SSL_CERT_FILE"] = str(CERTIFICATE)
    return made


@pytest.fixture
def hello(flow):
    return flow.yaml("nodes: [{id: hello, hub: acme/hello@^1, env: {VOICE: joy}, outputs: [word]}]")


def test_a_program_of_a_package_is_downloaded_and_run(index, server, hello, flow, run_dora):
    index.publish("1.2.0", "second")
    index.publish("1.0.0", "first")
    built = run_dora("build", hello)
    assert built.code == 0, built
    assert f"acme/hello 1.2.0, program for {HERE}" in built.err
    assert server.asked == ["/1.2.0/hello"]
    assert flow.run().succeeded().of("hello") == [f"second in {flow.path} with joy"]
    assert server.asked == ["/1.2.0/hello"], "was downloaded again"


def test_the_lock_file_keeps_the_program(index, server, hello, flow, run_dora):
    index.publish("1.0.0", "first")
    built = run_dora("build", hello, "--write-lockfile")
    assert built.code == 0, built
    listed = run_dora("hub", "list", hello, "--json")
    assert json.loads(listed.out)["platform"] == HERE
    index.publish("1.5.0", "newer")
    assert flow.run("--locked").succeeded().of("hello")[0].startswith("first")
    assert flow.run().succeeded().of("hello")[0].startswith("newer")


def test_a_program_with_another_checksum_is_not_run(index, hello, flow, run_dora):
    index.publish("1.0.0", "spoiled", checksum="1" * 64)
    failed = flow.run()
    assert failed.code == 4, failed.text
    assert "1" * 64 in failed.text
    assert failed.of("hello") == []
    assert not [path for path in flow.path.glob("build/**/*") if path.is_file()]


def test_a_program_that_was_changed_here_is_fetched_again(index, server, hello, flow):
    index.publish("1.0.0", "right")
    flow.run().succeeded()
    (program,) = flow.path.glob("build/*/hello")
    program.write_text(PROGRAM.format(word="spoiled"))
    assert flow.run().succeeded().of("hello")[0].startswith("right")
    assert len(server.asked) == 2


def test_a_server_that_nobody_vouches_for_is_refused(index, hello, flow, environment):
    index.publish("1.0.0", "first")
    del environment["SSL_CERT_FILE"]
    failed = flow.run()
    assert failed.code == 4, failed.text
    assert "certificate" in failed.text


def test_a_package_without_a_program_for_this_machine_says_so(index, hello, flow):
    index.publish("1.0.0", "first", here=ELSEWHERE)
    failed = flow.run()
    assert failed.code == 4, failed.text
    assert f"no program for {HERE}" in failed.text
