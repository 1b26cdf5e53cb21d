"""Event, JSON Schema, headers and codes agree: these tests catch a change in only one of them."""

from typing import get_args, get_type_hints

import pytest

from schemas.event import (
    CE_HEADERS,
    OPS,
    Event,
    KeysField,
    Op,
    RightsField,
    SourceField,
    json_schema,
)
from schemas.reasons import Fate, Reason, Unscored
from schemas.tables import RIGHTS

SCHEMA = json_schema()
PROPERTIES = SCHEMA["properties"]
JSON_TYPES = {
    str: "string",
    int: "integer",
    bool: "boolean",
    str | None: ["string", "null"],
    int | None: ["integer", "null"],
    Op: "string",
    list[str]: "array",
    dict[str, int]: "object",
    RightsField: "object",
    SourceField: "object",
    KeysField: "object",
}


def test_event_and_json_schema_have_the_same_fields():
    assert set(get_type_hints(Event)) == set(PROPERTIES)
    assert sorted(SCHEMA["required"]) == sorted(Event.__required_keys__)


@pytest.mark.parametrize("name", PROPERTIES)
def test_event_and_json_schema_have_the_same_types(name):
    assert PROPERTIES[name]["type"] == JSON_TYPES[get_type_hints(Event)[name]]


@pytest.mark.parametrize(
    ("name", "kind"), [("rights", RightsField), ("source", SourceField), ("keys", KeysField)]
)
def test_nested_fields(name, kind):
    hints = get_type_hints(kind)
    assert {field: said["type"] for field, said in PROPERTIES[name]["properties"].items()} == {
        field: JSON_TYPES[hint] for field, hint in hints.items()
    }
    assert sorted(PROPERTIES[name]["required"]) == sorted(hints)


def test_unknown_fields_are_allowed_everywhere():
    """A producer may be newer than its readers."""
    assert [
        name
        for name, said in {"": SCHEMA, **PROPERTIES}.items()
        if said.get("additionalProperties") is False
    ] == []


def test_rights_are_the_same_everywhere():
    assert tuple(get_type_hints(RightsField)) == tuple(RIGHTS.names)


def test_headers_are_cloudevents_1_0():
    """https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md"""
    # required by the specification
    assert {"ce_id", "ce_source", "ce_specversion", "ce_type"} <= set(CE_HEADERS)
    assert all(name.startswith("ce_") and name.islower() for name in CE_HEADERS)


def test_ops_and_reasons_are_closed_lists_of_different_codes():
    assert get_args(Op) == OPS
    assert len({reason.value for reason in Reason}) == len(Reason.__members__)
    assert len({fate.value for fate in Fate}) == len(Fate.__members__)
    assert all(
        code.value == name.lower()
        for kind in (Reason, Fate, Unscored)
        for name, code in kind.__members__.items()
    )
