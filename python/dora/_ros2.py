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


class Ros2Context(_NeedsRos2): ...


class Ros2Node(_NeedsRos2): ...


class Ros2NodeOptions(_NeedsRos2): ...


class Ros2Topic(_NeedsRos2): ...


class Ros2Publisher(_NeedsRos2): ...


class Ros2Subscription(_NeedsRos2): ...


class Ros2QosPolicies(_NeedsRos2): ...


class Ros2Durability(_NeedsRos2): ...


class Ros2Liveliness(_NeedsRos2): ...


class Ros2ServiceClient(_NeedsRos2): ...


class Ros2ServiceServer(_NeedsRos2): ...


class Ros2ActionClient(_NeedsRos2): ...


class Ros2ActionServer(_NeedsRos2): ...
