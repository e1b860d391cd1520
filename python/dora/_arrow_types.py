"""Arrow types as recordings write them: "UInt64", {"List": {"name": "item", ...}}."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ._errors import InvalidInput

_SIMPLE: dict[str, pa.DataType] = {
    "Null": pa.null(),
    "Boolean": pa.bool_(),
    "Int8": pa.int8(),
    "Int16": pa.int16(),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Float16": pa.float16(),
    "Float32": pa.float32(),
    "Float64": pa.float64(),
    "Utf8": pa.string(),
    "LargeUtf8": pa.large_string(),
    "Binary": pa.binary(),
    "LargeBinary": pa.large_binary(),
    "Date32": pa.date32(),
    "Date64": pa.date64(),
}
_NAMES = {kind: name for name, kind in _SIMPLE.items()}
_UNITS = {"Second": "s", "Millisecond": "ms", "Microsecond": "us", "Nanosecond": "ns"}
_UNIT_NAMES = {unit: name for name, unit in _UNITS.items()}


def from_name(name: Any) -> pa.DataType:
    """The type that a recording names. Raises InvalidInput for one that is unknown."""
    try:
        if isinstance(name, str):
            return _SIMPLE[name]
        ((kind, detail),) = name.items()
        return _composed(kind, detail)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{name!r} is no Arrow type that recordings know") from error


def _composed(kind: str, detail: Any) -> pa.DataType:
    match kind:
        case "List":
            return pa.list_(_field(detail))
        case "LargeList":
            return pa.large_list(_field(detail))
        case "FixedSizeList":
            return pa.list_(_field(detail[0]), detail[1])
        case "Struct":
            return pa.struct([_field(field) for field in detail])
        case "Timestamp":
            return pa.timestamp(_UNITS[detail[0]], tz=detail[1])
        case "Duration":
            return pa.duration(_UNITS[detail])
        case "Time32":
            return pa.time32(_UNITS[detail])
        case "Time64":
            return pa.time64(_UNITS[detail])
        case "FixedSizeBinary":
            return pa.binary(detail)
        case "Decimal128":
            return pa.decimal128(detail[0], detail[1])
        case "Dictionary":
            return pa.dictionary(from_name(detail[0]), from_name(detail[1]))
        case "Map":
            entries = from_name(detail[0]["data_type"])
            return pa.map_(entries.field(0).type, entries.field(1).type, keys_sorted=detail[1])
    raise ValueError(kind)


def _field(detail: dict[str, Any]) -> pa.Field:
    return pa.field(
        detail.get("name", "item"), from_name(detail["data_type"]), detail.get("nullable", True)
    )


def to_name(kind: pa.DataType) -> Any:
    """The name of a type; its text where recordings have none."""
    types = pa.types
    if kind in _NAMES:
        return _NAMES[kind]
    if types.is_fixed_size_list(kind):
        return {"FixedSizeList": [_field_name(kind.value_field), kind.list_size]}
    if types.is_large_list(kind):
        return {"LargeList": _field_name(kind.value_field)}
    if types.is_map(kind):
        entries = {
            "name": "entries",
            "data_type": {"Struct": [_field_name(kind.key_field), _field_name(kind.item_field)]},
            "nullable": False,
        }
        return {"Map": [entries, kind.keys_sorted]}
    if types.is_list(kind):
        return {"List": _field_name(kind.value_field)}
    if types.is_struct(kind):
        return {"Struct": [_field_name(kind.field(i)) for i in range(kind.num_fields)]}
    if types.is_timestamp(kind):
        return {"Timestamp": [_UNIT_NAMES[kind.unit], kind.tz]}
    if types.is_duration(kind):
        return {"Duration": _UNIT_NAMES[kind.unit]}
    if types.is_time32(kind):
        return {"Time32": _UNIT_NAMES[kind.unit]}
    if types.is_time64(kind):
        return {"Time64": _UNIT_NAMES[kind.unit]}
    if types.is_decimal128(kind):
        return {"Decimal128": [kind.precision, kind.scale]}
    if types.is_fixed_size_binary(kind):
        return {"FixedSizeBinary": kind.byte_width}
    if types.is_dictionary(kind):
        return {"Dictionary": [to_name(kind.index_type), to_name(kind.value_type)]}
    return str(kind)


def _field_name(field: pa.Field) -> dict[str, Any]:
    return {"name": field.name, "data_type": to_name(field.type), "nullable": field.nullable}
