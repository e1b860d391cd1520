"""Random Arrow arrays of every type, by seed: with nulls, offsets and slices at every level."""

import datetime
import decimal
import random

import numpy as np
import pyarrow as pa


class Label(pa.ExtensionType):
    """An extension type with a parameter."""

    def __init__(self, storage: pa.DataType, parameter: str):
        self.parameter = parameter
        super().__init__(storage, "dora.test.label")

    def __arrow_ext_serialize__(self):
        return self.parameter.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls(storage, serialized.decode())


pa.register_extension_type(Label(pa.int32(), ""))

INTEGERS = [pa.int8, pa.int16, pa.int32, pa.int64, pa.uint8, pa.uint16, pa.uint32, pa.uint64]
INTEGERS = [make() for make in INTEGERS]
TEXTS = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]
VIEWS = [pa.string_view(), pa.binary_view()]
TEMPORALS = [
    pa.date32(),
    pa.date64(),
    pa.time32("s"),
    pa.time32("ms"),
    pa.time64("us"),
    pa.time64("ns"),
    pa.month_day_nano_interval(),
    *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")),
    pa.timestamp("us", tz="Europe/Berlin"),
    pa.timestamp("ns", tz="+02:30"),
    *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
]
DECIMALS = [
    pa.decimal32(7, 2),
    pa.decimal64(18, 0),
    pa.decimal128(38, 10),
    pa.decimal128(5, -3),
    pa.decimal256(76, 40),
]
LEAVES = [
    pa.null(),
    pa.bool_(),
    *INTEGERS,
    pa.float16(),
    pa.float32(),
    pa.float64(),
    *TEMPORALS,
    *DECIMALS,
    *TEXTS,
    *VIEWS,
    pa.binary(5),
    pa.binary(0),
]
EXTENSIONS = [
    Label(pa.int64(), "speed"),
    Label(pa.list_(pa.string()), "names"),
    pa.uuid(),
    pa.json_(pa.utf8()),
    pa.bool8(),
    pa.fixed_shape_tensor(pa.float32(), [2, 3]),
    pa.opaque(pa.binary(), "thing", "vendor"),
]
NESTED = ["list", "large_list", "list_view", "large_list_view", "fixed_size_list", "struct", "map"]
NESTED += ["sparse_union", "dense_union", "dictionary", "run_end_encoded", "extension"]


def random_type(rng: random.Random, depth: int) -> pa.DataType:
    if depth <= 0 or rng.random() < 0.2:
        return rng.choice(LEAVES)
    return nested_type(rng, rng.choice(NESTED), depth)


def random_field(rng: random.Random, name: str, depth: int, nullable=None) -> pa.Field:
    metadata = {b"unit": b"m/s", "ключ".encode(): bytes(range(5))} if rng.random() < 0.3 else None
    kind = random_type(rng, depth - 1)
    if nullable is None:
        nullable = rng.random() < 0.8 or kind == pa.null()
    return pa.field(name, kind, nullable=nullable, metadata=metadata)


def nested_type(rng: random.Random, kind: str, depth: int) -> pa.DataType:
    """A random type of this kind; its innermost types are at most `depth` levels below."""
    fields = [random_field(rng, f"{kind}.{i}", depth) for i in range(rng.randrange(4))]
    match kind:
        case "fixed_size_list":
            return pa.list_(random_field(rng, "item", depth), rng.randrange(4))
        case "struct":
            return pa.struct(fields)
        case "map":
            key = pa.field(
                "key", rng.choice([pa.int16(), pa.string(), pa.date32()]), nullable=False
            )
            return pa.map_(key, random_field(rng, "value", depth), keys_sorted=rng.random() < 0.5)
        case "sparse_union" | "dense_union":
            fields = fields or [random_field(rng, f"{kind}.only", depth)]
            codes = rng.sample(range(128), len(fields))
            return pa.union(fields, kind.removesuffix("_union"), type_codes=codes)
        case "dictionary":
            values = random_type(rng, depth - 1)
            return pa.dictionary(rng.choice(INTEGERS), values, ordered=rng.random() < 0.5)
        case "run_end_encoded":
            ends = rng.choice([pa.int16(), pa.int32(), pa.int64()])
            values = random_type(rng, depth - 1)
            while pa.types.is_run_end_encoded(
                values
            ):  # pyarrow does not read what it can make here
                values = random_type(rng, depth - 1)
            return pa.run_end_encoded(ends, values)
        case "extension":
            return rng.choice(EXTENSIONS)
    make = {"list": pa.list_, "large_list": pa.large_list}
    make |= {"list_view": pa.list_view, "large_list_view": pa.large_list_view}
    return make[kind](random_field(rng, "item", depth))


def random_array(rng: random.Random, kind: pa.DataType, length: int, nulls=True) -> pa.Array:
    """An array of this type that is often a slice of a longer one, itself made of slices."""
    before, after = rng.choice([(0, 0), (0, 3), (1, 0), (5, 2), (8, 1), (17, 9)])
    array = whole_array(rng, kind, before + length + after, nulls and rng.random() < 0.7)
    array = array.slice(before, length)
    assert array.type == kind
    assert len(array) == length
    return array


def whole_array(rng: random.Random, kind: pa.DataType, length: int, nulls: bool) -> pa.Array:
    if isinstance(kind, pa.BaseExtensionType):
        storage = random_array(rng, kind.storage_type, length, nulls)
        return pa.ExtensionArray.from_storage(kind, storage)
    if pa.types.is_dictionary(kind):
        return dictionary_array(rng, kind, length, nulls)
    if pa.types.is_run_end_encoded(kind):
        return run_end_encoded_array(rng, kind, length, nulls)
    if pa.types.is_union(kind):
        return union_array(rng, kind, length)
    if pa.types.is_map(kind):
        return map_array(rng, kind, length, nulls)
    if pa.types.is_struct(kind):
        return struct_array(rng, kind, length, nulls)
    if pa.types.is_nested(kind):
        return list_array(rng, kind, length, nulls)
    values = [random_value(rng, kind) for _ in range(length)]
    if nulls:
        values = [None if rng.random() < 0.3 else value for value in values]
    if pa.types.is_large_binary(kind) or pa.types.is_large_string(kind):
        return pa.array(values, pa.large_binary()).cast(kind)
    return pa.array(values, kind)


def random_value(rng: random.Random, kind: pa.DataType):
    if pa.types.is_null(kind):
        return None
    if pa.types.is_boolean(kind):
        return rng.random() < 0.5
    if pa.types.is_integer(kind):
        info = np.iinfo(kind.to_pandas_dtype())
        return rng.randint(int(info.min), int(info.max))
    if pa.types.is_float16(kind):
        return np.float16(rng.uniform(-100, 100))
    if pa.types.is_floating(kind):
        return rng.choice([rng.uniform(-1e9, 1e9), float("inf"), -0.0])
    if pa.types.is_decimal(kind):
        digits = rng.randint(-(10**kind.precision) + 1, 10**kind.precision - 1)
        with decimal.localcontext(prec=80):
            return decimal.Decimal(digits).scaleb(-kind.scale)
    if kind == pa.month_day_nano_interval():
        parts = [rng.randint(-(2**31), 2**31 - 1) for _ in range(3)]
        return pa.MonthDayNano(parts)
    if pa.types.is_date(kind):
        return datetime.date(1970, 1, 1) + datetime.timedelta(days=rng.randint(-99999, 99999))
    if pa.types.is_time(kind):
        return rng.randrange(86400)
    if pa.types.is_temporal(kind):
        return rng.randint(-(2**40), 2**40)
    if pa.types.is_fixed_size_binary(kind):
        return rng.randbytes(kind.byte_width)
    size = rng.choice([0, 1, 4, 11, 12, 13, 30])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return "".join(rng.choice("aé漢😀z") for _ in range(size))
    return rng.randbytes(size)


def random_mask(rng: random.Random, length: int, nulls: bool) -> pa.Array | None:
    if not nulls or length == 0:
        return None
    return pa.array([rng.random() < 0.3 for _ in range(length)], pa.bool_())


def list_array(rng: random.Random, kind: pa.DataType, length: int, nulls: bool) -> pa.Array:
    mask = random_mask(rng, length, nulls)
    item = kind.value_field
    if pa.types.is_fixed_size_list(kind):
        values = random_array(rng, item.type, length * kind.list_size, item.nullable)
        buffers = [None if mask is None else validity_of(mask)]
        return pa.Array.from_buffers(kind, length, buffers, children=[values])
    is_large = pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind)
    number = np.int64 if is_large else np.int32
    sizes = np.array([rng.choice([0, 0, 1, 2, 5]) for _ in range(length)], number)
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        values = random_array(rng, item.type, rng.randrange(5, 40), item.nullable)
        offsets = np.array([rng.randint(0, len(values) - int(size)) for size in sizes], number)
        buffers = [pa.py_buffer(offsets), pa.py_buffer(sizes)]
    else:
        first = rng.choice([0, 0, 3])
        offsets = np.concatenate([[first], first + np.cumsum(sizes)]).astype(number)
        values = random_array(rng, item.type, int(offsets[-1]) + rng.choice([0, 2]), item.nullable)
        buffers = [pa.py_buffer(offsets)]
    buffers.insert(0, None if mask is None else validity_of(mask))
    return pa.Array.from_buffers(kind, length, buffers, children=[values])


def validity_of(mask: pa.Array) -> pa.Buffer:
    bits = np.packbits(~np.array(mask.to_pylist(), bool), bitorder="little")
    return pa.py_buffer(bits.tobytes())


def map_array(rng: random.Random, kind: pa.DataType, length: int, nulls: bool) -> pa.Array:
    mask = random_mask(rng, length, nulls)
    first = rng.choice([0, 2])
    sizes = [rng.randrange(4) for _ in range(length)]
    offsets = np.concatenate([[first], first + np.cumsum(sizes)]).astype(np.int32)
    count = int(offsets[-1])
    keys = random_array(rng, kind.key_type, count, nulls=False)
    items = random_array(rng, kind.item_type, count, kind.item_field.nullable)
    entries = pa.StructArray.from_arrays([keys, items], fields=[kind.key_field, kind.item_field])
    buffers = [None if mask is None else validity_of(mask), pa.py_buffer(offsets)]
    return pa.Array.from_buffers(kind, length, buffers, children=[entries])


def struct_array(rng: random.Random, kind: pa.DataType, length: int, nulls: bool) -> pa.Array:
    mask = random_mask(rng, length, nulls)
    children = [random_array(rng, field.type, length, field.nullable) for field in kind]
    buffers = [None if mask is None else validity_of(mask)]
    return pa.Array.from_buffers(kind, length, buffers, children=children)


def union_array(rng: random.Random, kind: pa.DataType, length: int) -> pa.Array:
    codes = kind.type_codes
    ids = [rng.randrange(len(codes)) for _ in range(length)]
    types = pa.array([codes[i] for i in ids], pa.int8())
    if kind.mode == "sparse":
        children = [random_array(rng, field.type, length, field.nullable) for field in kind]
        buffers = [None, types.buffers()[1]]
    else:
        offsets = []
        used = [rng.choice([0, 2]) for _ in codes]
        for i in ids:
            offsets.append(used[i])
            used[i] += 1
        children = [
            random_array(rng, field.type, used[i] + rng.choice([0, 1]), field.nullable)
            for i, field in enumerate(kind)
        ]
        buffers = [None, types.buffers()[1], pa.array(offsets, pa.int32()).buffers()[1]]
    return pa.Array.from_buffers(kind, length, buffers, children=children)


def dictionary_array(rng: random.Random, kind: pa.DataType, length: int, nulls: bool) -> pa.Array:
    values = random_array(rng, kind.value_type, rng.randrange(1, 20))
    indices = [rng.randrange(len(values)) for _ in range(length)]
    if nulls:
        indices = [None if rng.random() < 0.3 else index for index in indices]
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, kind.index_type), values, ordered=kind.ordered
    )


def run_end_encoded_array(
    rng: random.Random, kind: pa.DataType, length: int, nulls: bool
) -> pa.Array:
    ends = sorted(rng.sample(range(1, length), min(length - 1, length // 3)) if length > 1 else [])
    ends += [length] if length else []
    values = random_array(rng, kind.value_type, len(ends), nulls)
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends, kind.run_end_type), values, kind)
