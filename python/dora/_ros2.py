"""The names of the ROS 2 bridge. This version has none, and says so when one is used."""

from __future__ import annotations

from typing import Any, NoReturn


def _refuse(name: str) -> NoReturn:
    from ._errors import Unsupported

    raise Unsupported(
        f"{name}: this version of dora has no ROS 2 bridge; a node may use `rclpy` itself, beside "
        "`dora`"
    )


class _NeedsRos2Type(type):
    """Refuses what stands on the class, too: `Ros2Durability.Volatile`, `Ros2Transport.dds()`."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):  # what tools look for
            raise AttributeError(name)
        _refuse(f"{cls.__name__}.{name}")


class _NeedsRos2(metaclass=_NeedsRos2Type):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        _refuse(type(self).__name__)


class Ros2Context(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: a ROS 2 context, which makes nodes."""


class Ros2Transport(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: how a context reaches ROS 2, DDS or Zenoh."""


class Ros2Node(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: a node of ROS 2."""


class Ros2NodeOptions(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: how a node of ROS 2 is made."""


class Ros2Topic(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: a topic and its type."""


class Ros2Publisher(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: what publishes on a topic."""


class Ros2Subscription(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: what receives from a topic."""


class Ros2QosPolicies(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: how reliably a topic delivers."""


class Ros2Durability(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: whether who comes late gets what was sent."""


class Ros2Liveliness(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: how a publisher shows that it lives."""


class Ros2ServiceClient(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: what calls a service."""


class Ros2ServiceServer(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: what answers calls of a service."""


class Ros2ActionClient(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: what sends goals."""


class Ros2ActionServer(_NeedsRos2):
    """Of the ROS 2 bridge, which this version lacks: what carries out goals."""
