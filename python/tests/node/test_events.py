"""An event behaves as a plain dict with every key."""

import copy
import json
import operator
import pickle

import pytest

KEYS = ["kind", "type", "id", "value", "metadata"]


@pytest.fixture
def event(echo):
    return echo(b"abc", {"a": 1})


def test_is_a_dict_with_the_keys_of_an_input(event):
    assert isinstance(event, dict)
    assert event["kind"] == "dora"
    assert event["type"] == "INPUT"
    assert event["id"] == "out"
    assert event["value"].to_pylist() == [97, 98, 99]
    assert event["metadata"]["a"] == 1


def test_holds_its_late_entries_before_anyone_looked(event):
    assert "value" in event
    assert "metadata" in event
    assert "error" not in event
    assert len(event) == len(KEYS)
    assert bool(event)


def test_answers_computed_keys_as_well(event):
    assert event["".join(["val", "ue"])] is event["value"]
    assert event["meta" + "data"] is event["metadata"]


def test_gets_with_and_without_a_default(event):
    assert event.get("value").to_pylist() == [97, 98, 99]
    assert event.get("metadata") is event["metadata"]
    assert event.get("error") is None
    assert event.get("error", 7) == 7
    with pytest.raises(TypeError):
        event.get()


def test_names_the_key_that_is_missing(event):
    with pytest.raises(KeyError, match="'error'"):
        event["error"]
    with pytest.raises(TypeError):
        event[[]]


@pytest.mark.parametrize("look", [list, sorted, dict, dict.fromkeys, set, lambda e: {**e}])
def test_gives_every_key_to_whoever_looks_at_the_whole(event, look):
    assert set(look(event)) == set(KEYS)


def test_lists_keys_values_and_items(event):
    assert list(event.keys()) == KEYS
    assert list(event.items())[3][1] is event["value"]
    assert len(list(event.values())) == len(KEYS)
    assert list(reversed(event)) == KEYS[::-1]


def test_matches_patterns(event):
    match event:
        case {"type": "STOP"}:
            pytest.fail("matched the wrong case")
        case {"type": "INPUT", "id": name, "value": value, **rest}:
            assert name == "out"
            assert value.to_pylist() == [97, 98, 99]
            assert set(rest) == {"kind", "metadata"}
        case _:
            pytest.fail("matched no case")


def test_is_passed_as_keyword_arguments(event):
    def take(**arguments):
        return sorted(arguments)

    assert take(**event) == sorted(KEYS)


def test_is_written_as_json(event):
    read = json.loads(json.dumps(event, default=str))
    assert set(read) == set(KEYS)
    assert read["metadata"]["a"] == 1


def test_is_printed_whole(event):
    text = repr(event)
    assert text.startswith("{'kind': 'dora', 'type': 'INPUT', 'id': 'out'")
    assert "'metadata'" in text
    assert "'value'" in text


def test_compares_as_a_dict(event):
    assert event == dict(event)
    assert dict(event) == event
    assert event != {}
    assert event == event.copy()
    with pytest.raises(TypeError):
        hash(event)


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, dict, lambda e: e.copy()])
def test_is_copied_with_everything(event, copier):
    copied = copier(event)
    assert copied is not event
    assert copied["value"].to_pylist() == [97, 98, 99]
    assert copied["metadata"]["a"] == 1
    copied["id"] = "other"
    assert event["id"] == "out"


def test_survives_pickling(event):
    read = pickle.loads(pickle.dumps(event))
    assert read["value"].to_pylist() == [97, 98, 99]
    assert read["metadata"] == event["metadata"]
    assert read["data"] == b"abc"


def test_merges_with_other_dicts(event):
    merged = event | {"type": "OTHER", "new": 1}
    assert type(merged) is dict
    assert merged["type"] == "OTHER"
    assert set(merged) == {*KEYS, "new"}
    assert ({"new": 1} | event)["type"] == "INPUT"
    event |= {"new": 1}
    assert event["new"] == 1
    assert "value" in event
    with pytest.raises(TypeError):
        event | 3


def test_may_be_changed(event):
    event["value"] = 3
    event["mine"] = 4
    assert event["value"] == 3
    assert event.pop("metadata")["a"] == 1
    assert "metadata" not in event
    assert event.pop("metadata", None) is None
    assert event.setdefault("metadata", 5) == 5
    del event["value"]
    assert "value" not in event
    with pytest.raises(KeyError):
        del event["value"]
    event.update(id="x")
    assert event["id"] == "x"
    event.clear()
    assert event == {}


def test_forgets_a_late_entry_that_is_deleted_unseen(event):
    del event["value"]
    assert event.get("value") is None
    assert list(event) == ["kind", "type", "id", "metadata"]


def test_gives_the_payload_as_bytes_when_asked(event):
    assert "data" in event
    assert event["data"] == b"abc"
    assert event.get("data") == b"abc"
    assert event.copy()["data"] == b"abc"
    assert "data" not in list(event)


def test_tolerates_the_misspelling_of_the_old_guide(event):
    assert event["meatadata"] is event["metadata"]


def test_works_with_functions_that_take_mappings(event):
    assert operator.itemgetter("type", "id")(event) == ("INPUT", "out")
    assert "{type} {id}".format_map(event) == "INPUT out"


def test_is_fresh_for_every_message(echo):
    first = echo(b"1", {"a": [1]})
    second = echo(b"2", {"a": [1]})
    first["metadata"]["a"].append(2)
    assert second["metadata"]["a"] == [1]
