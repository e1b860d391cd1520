"""OpenTelemetry: the context of the active span travels with the messages.

The package is played by a stand-in with the few functions of its API that are used.
"""

import re
from pathlib import Path

import pytest

OPENTELEMETRY = """
    active = None  # the span that is active here

    def inject(carrier):
        if active:
            carrier["traceparent"] = active
            carrier["tracestate"] = "vendor=a;b"
            carrier["baggage"] = "secret=1"

    def extract(carrier):
        return dict(carrier)
"""
YAML = """
    nodes:
      - {id: sender, path: sender.py, outputs: [message]}
      - {id: relay, path: relay.py, inputs: {message: sender/message}, outputs: [message]}
      - {id: receiver, path: receiver.py, inputs: {message: relay/message}}
"""
SENDER = """
    IMPORT
    from dora import Node

    node = Node()
    node.send_output("message", [0], {"n": 0})
    from opentelemetry import propagate
    propagate.active = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    node.send_output("message", [1])
    node.send_output("message", [2], {"n": 2})
    with node.send_output_raw("message", 1) as buffer:
        memoryview(buffer)[:] = b"3"
    node.send_output("message", [4], {"open_telemetry_context": "traceparent:other"})
"""
RELAY = """
    from dora import Node

    node = Node()
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("message", event["value"], event["metadata"])
"""
RECEIVER = """
    import dora
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            metadata = event["metadata"]
            print(repr(metadata.get(dora.tracing.KEY)), dora.tracing.context_of(metadata))
"""
CONTEXT = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "vendor=a;b",
}
TEXT = "\n".join(f"{key}:{value}" for key, value in CONTEXT.items())


@pytest.fixture
def traced(flow):
    (flow.path / "opentelemetry").mkdir()
    flow.write("opentelemetry/propagate.py", OPENTELEMETRY)
    flow.nodes(relay=RELAY, receiver=RECEIVER)
    flow.yaml(YAML)
    return flow


def lines_of(flow, **environment):
    return flow.run(env=environment).succeeded().of("receiver")


@pytest.mark.parametrize("way", ["imported", "environment"])
def test_messages_carry_the_context_of_the_active_span(traced, way):
    imported = way == "imported"
    traced.nodes(sender=SENDER.replace("IMPORT", "import opentelemetry" if imported else ""))
    environment = {} if imported else {"DORA_OTLP_ENDPOINT": "http://localhost:4317"}
    full = f"{TEXT!r} {CONTEXT}"
    assert lines_of(traced, **environment) == [
        "None {}",
        full,
        full,
        full,
        "'traceparent:other' {'traceparent': 'other'}",
    ]


def test_nodes_that_do_not_trace_send_nothing_of_it(traced):
    traced.nodes(sender=SENDER.replace("IMPORT", ""))
    assert lines_of(traced)[:4] == ["None {}"] * 4


def test_operators_trace_too(traced):
    traced.write(
        "tracer.py",
        """
        from opentelemetry import propagate

        class Operator:
            def on_event(self, event, send_output):
                if event["type"] == "INPUT":
                    propagate.active = "00-1"
                    send_output("message", [1])
                    return 1
        """,
    )
    traced.yaml("""
        nodes:
          - id: sender
            operator: {python: tracer.py, inputs: {t: dora/timer/millis/10}, outputs: [message]}
          - {id: receiver, path: receiver.py, inputs: {message: sender/message}}
    """)
    assert lines_of(traced) == [
        "'traceparent:00-1\\ntracestate:vendor=a;b' "
        "{'traceparent': '00-1', 'tracestate': 'vendor=a;b'}"
    ]


def test_the_form_of_dora_rs_is_read(traced):
    traced.nodes(
        sender="""
        from dora import Node

        context = "traceparent:00-2;tracestate:a=b;"
        Node().send_output("message", [1], {"open_telemetry_context": context})
        """
    )
    (line,) = lines_of(traced)
    assert line.endswith("{'traceparent': '00-2', 'tracestate': 'a=b'}")


def test_the_page_of_the_manual_runs(traced):
    page = (Path(__file__).resolve().parents[3] / "docs" / "python" / "nodes.md").read_text()
    blocks = re.findall(r"```python\n(# by hand.*?)```", page, re.DOTALL)
    traced.write(
        "opentelemetry/trace.py",
        """
        from contextlib import nullcontext

        class Tracer:
            def start_as_current_span(self, name, context):
                print(name, context)
                return nullcontext()

        def get_tracer(name):
            return Tracer()
        """,
    )
    traced.nodes(
        sender=SENDER.replace("IMPORT", "import opentelemetry"),
        receiver=next(block for block in blocks if "opentelemetry" in block),
    )
    assert lines_of(traced)[:2] == ["detect {}", f"detect {CONTEXT}"]
