"""When something moves in front of the pretend camera, as a function of the time since its start.

In the scene that the project draws something moves while the visitor is there; in any other clip the camera says so for ten
seconds in every twenty.
"""
from . import scene


class Motion:
    """`moving`: the stretches of a loop of `loop_seconds` in which something moves, as (begin, end)."""

    def __init__(self, moving, loop_seconds):
        self._moving = moving
        self._loop_seconds = loop_seconds

    def at(self, elapsed):
        position = elapsed % self._loop_seconds
        return any(begin <= position < end for begin, end in self._moving)

    def next_change(self, elapsed):
        """When it next begins or ends, later than `elapsed`."""
        loop_start = elapsed // self._loop_seconds * self._loop_seconds
        edges = sorted(edge for stretch in self._moving for edge in stretch)
        return next(loop_start + turn * self._loop_seconds + edge for turn in (0, 1) for edge in edges
                    if loop_start + turn * self._loop_seconds + edge > elapsed)


SCENE = Motion([(scene.WALK_IN, scene.GONE)], scene.LOOP_SECONDS)
OTHER_CLIP = Motion([(0.0, 10.0)], 20.0)
