"""Names of what runs, misspelt: each is answered with exit code 6 and the name that was meant."""

NODE = """
    from dora import Node

    node = Node()
    print("ready")
    while node.next():
        pass
"""
FLOW = """
    nodes:
      - {id: camera, path: node.py, outputs: [image], inputs: {tick: dora/timer/secs/3600}}
      - {id: detector, path: node.py, inputs: {frame: camera/image}, outputs: [boxes]}
"""

# Words, and what the answer holds.
WRONG = [
    ("stop helo", "did you mean `hello`?"),
    ("stop --name helo", "did you mean `hello`?"),
    ("restart helo", "did you mean `hello`?"),
    ("logs helo", "did you mean `hello`?"),
    ("logs --node camra", "did you mean `camera`?"),
    ("logs hello --node camra", "did you mean `camera`?"),
    ("node list -d helo", "did you mean `hello`?"),
    ("node info camra", "did you mean `camera`?"),
    ("node info camera -d helo", "did you mean `hello`?"),
    ("node restart camra", "did you mean `camera`?"),
    ("node stop camra", "did you mean `camera`?"),
    ("node remove camra", "did you mean `camera`?"),
    ("node replace camra --from-yaml node.yml", "did you mean `camera`?"),
    ("node connect camra/image detector/x", "did you mean `camera`?"),
    ("node connect camera/imge detector/x", "did you mean `image`?"),
    ("node connect camera/image detecter/x", "did you mean `detector`?"),
    ("node disconnect camera/image detector/fram", "it reads: frame <- camera/image"),
    ("param list camra", "did you mean `camera`?"),
    ("param get camera gian", "did you mean `gain`?"),
    ("param set camra gain 1", "did you mean `camera`?"),
    ("param delete camra gain", "did you mean `camera`?"),
    ("attach camra", "did you mean `camera`?"),
    ("exec camra -- true", "did you mean `camera`?"),
    ("run dataflow.yml --only camra", "did you mean `camera`?"),
    ("run dataflow.yml --mute camra", "did you mean `camera`?"),
    ("run dataflow.yml --exit-code-from camra", "did you mean `camera`?"),
    ("explain E0013", "did you mean"),
]


def test_the_name_that_was_meant_is_told(flow, run_dora):
    flow.nodes(node=NODE)
    flow.write("node.yml", "id: camera\npath: node.py\n")
    flow.yaml(FLOW)
    run = flow.start("--name", "hello")
    run.wait_for("all nodes are ready")
    assert run_dora("param", "set", "camera", "gain", "3").code == 0
    for words, answer in WRONG:
        refused = run_dora(*words.split())
        assert refused.code == 6, refused
        assert answer in refused.err, refused
        assert refused.out == "", refused
    assert run_dora("stop", "hello").code == 0
    run.wait()


def test_a_filter_of_a_node_that_is_not_there_is_told(flow):
    flow.nodes(node="print('ran')")
    flow.yaml("nodes: [{id: camera, path: node.py}]")
    run = flow.run("--log-filter", "camra=warn").succeeded()
    assert "`--log-filter camra`: the dataflow has no such node, did you mean `camera`?" in run.text


def test_a_wrong_definition_of_a_node_is_shown_once(flow, run_dora):
    flow.nodes(node=NODE)
    flow.write("wrong.yml", "id: more\npath: node.py\nouputs: [x]\n")
    flow.yaml(FLOW)
    run = flow.start()
    run.wait_for("all nodes are ready")
    refused = run_dora("node", "add", "--from-yaml", "wrong.yml")
    assert refused.code == 3, refused
    assert refused.err.startswith("error[E004]: unknown key `ouputs`"), refused
    assert run_dora("stop").code == 0
    run.wait()
