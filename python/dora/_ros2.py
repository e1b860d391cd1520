"""The names of the ROS 2 bridge. This build has none, and says so when one is made."""

from __future__ import annotations

from typing import Any


class _NeedsRos2:
    def __init__(self, *arguments: Any, **options: Any) -> None:
        from ._errors import Unsupported

        raise Unsupported(
            f"{type(self).__name__}: this build of dora has no ROS 2 support; bridge topics with a "
            "`ros2:` node of the dataflow"
        )


class Ros2Context(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: the ROS 2 context, from which nodes are made."""


class Ros2Node(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: a node of ROS 2."""


class Ros2NodeOptions(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: how a node of ROS 2 is made."""


class Ros2Topic(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: a topic and its type."""


class Ros2Publisher(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: what publishes on a topic."""


class Ros2Subscription(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: what receives from a topic."""


class Ros2QosPolicies(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: how reliably a topic delivers."""


class Ros2Durability(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: whether who comes late gets what was sent."""


class Ros2Liveliness(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: how a publisher shows that it lives."""


class Ros2ServiceClient(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: what calls a service."""


class Ros2ServiceServer(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: what answers calls of a service."""


class Ros2ActionClient(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: what sends goals."""


class Ros2ActionServer(_NeedsRos2):
    """Of the ROS 2 bridge, which this build lacks: what carries out goals."""
