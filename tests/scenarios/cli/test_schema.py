"""`dora schema`: the form of dataflow files that editors know is that of the parser."""

import importlib.resources
import json
from pathlib import Path

import fastjsonschema
import pytest
import yaml

SAMPLES = Path(__file__).resolve().parents[2] / "conformance" / "dataflow"
# Old spellings and keys without meaning only warn when they are run; editors underline them.
WARNED = {"old-custom.yml", "old-keys.yml", "unknown-keys-that-warn.yml"}
# PyYAML reads YAML 1.1: no tabs there, and `yes` is a truth value.
UNREADABLE = {"tabs-after-values.yml", "yaml-words.yml"}
# What is wrong with their keys and the kinds of their values, not with what they mean.
MISSHAPEN = [
    "bad-affinity.yml",
    "bad-framing.yml",
    "inputs-is-a-list.yml",
    "list-as-path.yml",
    "misspelt-nodes.yml",
    "no-id.yml",
    "no-nodes-key.yml",
    "node-is-a-text.yml",
    "nodes-is-a-map.yml",
    "number-as-id.yml",
    "outputs-is-a-text.yml",
    "outputs-of-numbers.yml",
    "queue-size-of-a-node.yml",
    "source-without-output.yml",
    "unknown-debug-key.yml",
    "unknown-deploy-key.yml",
    "unknown-node-key.yml",
    "unknown-root-key.yml",
    "unknown-rule-key.yml",
]


@pytest.fixture(scope="module")
def schema():
    text = (importlib.resources.files("dora") / "dataflow.schema.json").read_text()
    return fastjsonschema.compile(json.loads(text))


def read(sample):
    return yaml.safe_load(sample.read_text())


def test_the_wheel_carries_what_the_program_prints(run_dora):
    text = (importlib.resources.files("dora") / "dataflow.schema.json").read_text()
    assert run_dora("schema").out == text
    assert json.loads(text)["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    "sample",
    sorted(s for s in (SAMPLES / "valid").glob("*.yml") if s.name not in WARNED | UNREADABLE),
    ids=lambda s: s.stem,
)
def test_right_dataflows_are_accepted(schema, sample):
    schema(read(sample))


@pytest.mark.parametrize("name", MISSHAPEN)
def test_misshapen_dataflows_are_refused(schema, name):
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        schema(read(SAMPLES / "invalid" / name))


@pytest.mark.parametrize("name", sorted(WARNED))
def test_editors_underline_what_only_warns(schema, name):
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        schema(read(SAMPLES / "valid" / name))


def test_module_files_have_a_schema_of_their_own(run_dora):
    module = fastjsonschema.compile(json.loads(run_dora("schema", "module").out))
    module(
        {
            "module": {"name": "m", "inputs": ["image"], "outputs": ["boxes"]},
            "nodes": [{"id": "a", "path": "a.py", "inputs": {"image": "_mod/image"}}],
        }
    )
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        module({"module": {"name": "m", "input": []}, "nodes": []})
