"""Nodes from git repositories: cloned, built and run there, remembered, and locked."""

import os
import re
import signal
import subprocess

import pytest

NODE = """
    import os
    from dora import Node
    Node()
    print(open("greeting").read().strip(), os.getcwd())
"""
FLOW = """
    nodes:
      - id: hello
        git: {url}
        {reference}
        path: node.py
        build: sh -c "echo built >> built"
"""


class Repository:
    """A repository on this machine, whose commits differ in what the node says."""

    def __init__(self, path, environment):
        self.path = path
        self.url = path.as_uri()
        self.environment = environment | {
            name: "Nobody"
            for role in ("AUTHOR", "COMMITTER")
            for name in (f"GIT_{role}_NAME", f"GIT_{role}_EMAIL")
        }
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        lines = [line.removeprefix("    ") for line in NODE.splitlines()[1:]]
        (path / "node.py").write_text("\n".join(lines) + "\n")

    def git(self, *words):
        done = subprocess.run(
            ["git", *words], cwd=self.path, env=self.environment, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def commit(self, greeting):
        (self.path / "greeting").write_text(greeting)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", greeting)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path, environment):
    made = Repository(tmp_path / "upstream" / "hello", environment)
    made.first = made.commit("first")
    return made


@pytest.fixture
def write_flow(flow, repository):
    def write(reference="", url=None):
        flow.yaml(FLOW.format(url=url or repository.url, reference=reference))

    return write


def clone(flow, repository, commit):
    return flow.path / "git/localhost" / str(repository.path).lstrip("/") / commit


def said(run):
    (line,) = run.succeeded().of("hello")
    return line.split()


def test_the_default_branch_is_cloned_built_and_run(flow, repository, write_flow, run_dora):
    write_flow()
    built = run_dora("build", "dataflow.yml")
    assert built.code == 0, built
    folder = clone(flow, repository, repository.first)
    assert (folder / "built").read_text() == "built\n"
    assert said(flow.run()) == ["first", str(folder)]
    assert (folder / "built").read_text() == "built\n"
    assert repository.first in (flow.path / "out/dataflow.dora-session.yaml").read_text()


def test_branch_tag_and_revision(flow, repository, write_flow):
    repository.git("tag", "--annotate", "v1", "--message", "v1")
    repository.git("checkout", "--quiet", "-b", "next/try")
    later = repository.commit("later")
    repository.git("checkout", "--quiet", "main")
    newest = repository.commit("newest")
    for reference, greeting, commit in (
        ("branch: next/try", "later", later),
        ("tag: v1", "first", repository.first),
        (f"rev: {newest}", "newest", newest),
        (f'rev: "{repository.first[:9]}"', "first", repository.first),
        (f'rev: "{later[:12].upper()}"', "later", later),
        ("", "newest", newest),
    ):
        write_flow(reference)
        assert said(flow.run()) == [greeting, str(clone(flow, repository, commit))]


def test_a_short_revision_that_was_never_cloned(flow, repository, write_flow):
    repository.commit("second")
    write_flow(f'rev: "{repository.first[:7]}"')
    assert said(flow.run())[0] == "first"


def test_a_path_names_a_repository_too(flow, repository, write_flow):
    for url in (repository.path, os.path.relpath(repository.path, flow.path)):
        write_flow(url=url)
        folder = clone(flow, repository, repository.first)
        assert said(flow.run()) == ["first", str(folder)]


def test_build_looks_again_and_run_does_not(flow, repository, write_flow, run_dora):
    write_flow("branch: main")
    assert said(flow.run())[0] == "first"
    repository.commit("second")
    assert said(flow.run())[0] == "first"
    assert run_dora("build", "--offline", "dataflow.yml").code == 0
    assert said(flow.run())[0] == "first"
    assert run_dora("build", "dataflow.yml").code == 0
    assert said(flow.run())[0] == "second"
    assert said(flow.run("--no-build"))[0] == "second"


def test_a_lock_file_keeps_the_commit(flow, repository, write_flow, run_dora):
    write_flow("branch: main")
    assert run_dora("build", "--write-lockfile", "dataflow.yml").code == 0
    lock = (flow.path / "dataflow.dora-lock.yaml").read_text()
    assert re.search(r"^version: 2$", lock, re.MULTILINE)
    assert f'commit_hash: "{repository.first}"' in lock
    repository.commit("second")
    assert run_dora("build", "--locked", "dataflow.yml").code == 0
    assert said(flow.run("--locked"))[0] == "first"
    assert said(flow.run("--build"))[0] == "second"
    assert said(flow.run("--locked"))[0] == "first"
    elsewhere = ("--lockfile", "other.lock")
    assert said(flow.run("--build", "--write-lockfile", *elsewhere))[0] == "second"
    assert said(flow.run("--locked", *elsewhere))[0] == "second"


def test_a_lock_file_that_does_not_fit(flow, repository, write_flow, run_dora):
    write_flow("branch: main")
    missing = run_dora("build", "--locked", "dataflow.yml")
    assert missing.code == 4, missing
    assert "there is no lock file" in missing.err
    assert "--write-lockfile" in missing.err
    assert run_dora("build", "--write-lockfile", "dataflow.yml").code == 0
    write_flow("branch: next")
    for command in ("build", "run"):
        other = run_dora(command, "--locked", "dataflow.yml")
        assert other.code == 4, other
        assert "the dataflow has changed since" in other.err
    flow.write("dataflow.dora-lock.yaml", "version: 9\n")
    assert "no lock file of version 2" in run_dora("build", "--locked", "dataflow.yml").err
    for flags in (["--locked", "--write-lockfile"], ["--lockfile", "x"]):
        assert run_dora("build", *flags, "dataflow.yml").code == 2


def test_mistakes_are_told_with_the_way_out(flow, repository, write_flow, run_dora, tmp_path):
    for reference, answer in (
        ("branch: mian", "did you mean `main`?"),
        ("tag: v9", "has no tag v9"),
        (f'rev: "{"a" * 40}"', "has no commit"),
        ('rev: "0123"', "has no commit `0123`"),
    ):
        write_flow(reference)
        failed = run_dora("build", "dataflow.yml")
        assert failed.code == 4, failed
        assert "building node `hello`" in failed.err
        assert answer in failed.err
    write_flow(url=(tmp_path / "nowhere").as_uri())
    nowhere = run_dora("run", "dataflow.yml")
    assert nowhere.code == 4, nowhere
    assert "git ls-remote" in nowhere.err
    write_flow()
    for flag, answer in (("--no-build", "run `dora build dataflow.yml`"), ("--offline", "forbids")):
        refused = run_dora("run", "dataflow.yml", flag)
        assert refused.code == 4, refused
        assert answer in refused.err
    assert not list((flow.path / "git").rglob("greeting"))


def test_names_and_passwords_stay_out_of_files_and_messages(flow, write_flow, run_dora):
    write_flow(url="https://somebody:secret@localhost:1/hello")
    failed = run_dora("build", "dataflow.yml")
    assert failed.code == 4
    assert "https://localhost:1/hello" in failed.err
    assert "secret" not in failed.text


def test_nodes_of_one_commit_share_its_clone(flow, repository, run_dora):
    flow.yaml(f"""
        nodes:
          - {{id: a, git: "{repository.url}", path: node.py}}
          - {{id: b, git: "{repository.url}", path: node.py, branch: main}}
    """)
    run = flow.run().succeeded()
    folder = str(clone(flow, repository, repository.first))
    assert [*run.of("a"), *run.of("b")] == [f"first {folder}"] * 2


def test_submodules_come_along(flow, repository, write_flow, run_dora, tmp_path, environment):
    inner = Repository(tmp_path / "upstream" / "inner", environment)
    inner.commit("innermost")
    shared = Repository(tmp_path / "upstream" / "shared", environment)
    local = ("-c", "protocol.file.allow=always", "submodule")
    shared.git(*local, "add", "--quiet", "../inner", "inner")
    shared.commit("with one inside")
    repository.git(*local, "add", "--quiet", shared.url, "shared")
    node = (repository.path / "node.py").read_text()
    (repository.path / "node.py").write_text(node.replace('"greeting"', '"shared/inner/greeting"'))
    commit = repository.commit("with a submodule")
    for reference in ("", f'rev: "{commit[:8]}"'):
        write_flow(reference)
        assert said(flow.run()) == ["innermost", str(clone(flow, repository, commit))]


def test_a_submodule_that_is_gone(flow, repository, write_flow, run_dora, tmp_path, environment):
    inner = Repository(tmp_path / "upstream" / "inner", environment)
    inner.commit("inner")
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", inner.url, "inner"
    )
    commit = repository.commit("with a submodule")
    inner.path.rename(tmp_path / "gone")
    write_flow()
    failed = run_dora("build", "dataflow.yml")
    assert failed.code == 4, failed
    assert "fetching the submodules of" in failed.err
    assert not clone(flow, repository, commit).exists()


SLOW_GIT = """\
#!/bin/sh
PATH=${PATH#*:}
case $1 in
clone)
  git "$@"
  echo half-way
  until [ -e "$RELEASE" ]; do sleep 0.01; done ;;
*) exec git "$@" ;;
esac
"""


@pytest.mark.parametrize("end", ["SIGINT", "SIGKILL"])
def test_nothing_half_cloned_is_ever_used(
    flow, repository, write_flow, start_dora, run_dora, environment, tmp_path, end
):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").write_text(SLOW_GIT)
    (programs / "git").chmod(0o755)
    slow = {"PATH": f"{programs}:{environment['PATH']}", "RELEASE": str(tmp_path / "release")}
    write_flow()
    building = start_dora("build", "dataflow.yml", env=slow)
    building.wait_for("half-way")
    building.signal(signal.Signals[end])
    building.end()
    flow.wait_until_gone()
    folder = clone(flow, repository, repository.first)
    assert not folder.exists()
    assert run_dora("build", "dataflow.yml").code == 0
    assert [path.name for path in folder.parent.iterdir()] == [repository.first]
    assert said(flow.run()) == ["first", str(folder)]
