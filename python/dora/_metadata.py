"""The rarer conversions of metadata; the common ones are in the extension."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._types import Scalar

UTC = timezone.utc  # noqa: UP017  (the constant that every Python has)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def nanoseconds_of(moment: datetime) -> int:
    """Nanoseconds since the Unix epoch; a datetime without a zone is local time."""
    if moment.tzinfo is None:
        moment = moment.astimezone()
    return (moment - _EPOCH) // _MICROSECOND * 1000


def convert_value(key: str, value: object) -> Scalar | list[Scalar]:
    """What to send for a value that is none of the types of metadata: numpy's numbers become
    Python's; anything else becomes its text, with a warning."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.datetime64):
            moment = value.astype("datetime64[us]").item()
            if isinstance(moment, datetime):
                return moment.replace(tzinfo=UTC)
        elif isinstance(value, numpy.generic):
            item = value.item()
            if isinstance(item, (bool, int, float, str)):
                return item
        elif isinstance(value, numpy.ndarray) and value.ndim == 1 and value.dtype.kind in "iuf":
            numbers: list[Scalar] = value.tolist()
            return numbers
        elif isinstance(value, (list, tuple)):
            items = [item.item() if isinstance(item, numpy.generic) else item for item in value]
            if not any(isinstance(item, bool) for item in items) and all(
                isinstance(item, (int, float, str)) for item in items
            ):
                return items

    import logging

    logging.getLogger("dora").warning(
        "metadata %r: a value of type %s is sent as its text; metadata holds bool, int, float, "
        "str, datetime and lists of int, float or str",
        key,
        # Lists come here as tuples.
        "list" if isinstance(value, tuple) else type(value).__name__,
    )
    return str(value if not isinstance(value, tuple) else list(value))
