"""The scene the pretend camera shows when no video is given: the yard in front of a house, drawn picture by picture.

A visitor walks in from the left, stands at the door, walks out to the right, and then the yard is empty for a while: motion and
stillness, somebody and nobody take turns. The figure has human proportions and a clear outline, because a real people detector
(histograms of oriented gradients) must find it, and must find nothing in the empty yard.
"""
import math

import cairo

WIDTH, HEIGHT = 640, 360
FPS = 10
LOOP_SECONDS = 24

WALK_IN, STAND, WALK_OUT, GONE = 4.0, 8.0, 13.0, 17.0
DOOR_X = 318.0
OUTSIDE = 110.0
GROUND_Y = 318.0
FIGURE_HEIGHT = 214.0
STEPS_PER_SECOND = 1.7


def pictures():
    """Yields every picture of the loop as BGRX bytes, WIDTH x HEIGHT."""
    yard = _yard()
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, WIDTH, HEIGHT)
    for number in range(FPS * LOOP_SECONDS):
        seconds = number / FPS
        context = cairo.Context(surface)
        context.set_source_surface(yard)
        context.paint()
        _tree_crown(context, seconds)
        pose = _visitor(seconds)
        if pose:
            _figure(context, *pose)
        surface.flush()
        yield bytes(surface.get_data())


def _visitor(seconds):
    """Where the visitor is: (x, stride from -1 to 1, how far the hand is raised), or None when the yard is empty."""
    if not WALK_IN <= seconds < GONE:
        return None
    if seconds < STAND:
        share = (seconds - WALK_IN) / (STAND - WALK_IN)
        return -OUTSIDE + (DOOR_X + OUTSIDE) * share, _stride(seconds - WALK_IN), 0.0
    if seconds < WALK_OUT:
        sway = 1.5 * math.sin((seconds - STAND) * 1.3)
        rings = max(0.0, math.sin((seconds - STAND) * math.pi / 2.5)) if seconds < STAND + 2.5 else 0.0
        return DOOR_X + sway, 0.0, rings
    share = (seconds - WALK_OUT) / (GONE - WALK_OUT)
    return DOOR_X + (WIDTH + OUTSIDE - DOOR_X) * share, _stride(seconds - WALK_OUT), 0.0


def _stride(seconds):
    return math.sin(seconds * math.pi * STEPS_PER_SECOND)


def _yard():
    """Everything that never moves, drawn once."""
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, WIDTH, HEIGHT)
    context = cairo.Context(surface)
    _fill(context, (0, 0, WIDTH, HEIGHT), _fade(0, 150, (0.62, 0.78, 0.92), (0.90, 0.94, 0.96)))
    _hill(context)
    _house(context)
    _fill(context, (0, 250, WIDTH, HEIGHT - 250), _fade(250, HEIGHT, (0.66, 0.77, 0.55), (0.52, 0.67, 0.43)))
    _path(context)
    return surface


def _hill(context):
    context.move_to(0, 190)
    context.curve_to(60, 120, 130, 150, 200, 160)
    context.curve_to(400, 120, 560, 120, WIDTH, 150)
    context.line_to(WIDTH, 260)
    context.line_to(0, 260)
    context.set_source_rgb(0.70, 0.82, 0.70)
    context.fill()


def _house(context):
    _fill(context, (70, 58, 500, 200), _fade(58, 258, (0.95, 0.92, 0.86), (0.91, 0.87, 0.80)))
    for x in range(40, 604, 4):
        _fill(context, (x, 34, 4, 26), _fade(34, 60, (0.72, 0.47, 0.40), (0.66, 0.41, 0.35)))
    _fill(context, (70, 60, 500, 6), _flat(0.82, 0.78, 0.71))
    _fill(context, (70, 242, 500, 12), _flat(0.80, 0.77, 0.73))
    for x in (110, 448):
        _window(context, x, 96)
    _door(context)


def _window(context, x, y):
    _fill(context, (x - 6, y - 6, 92, 82), _flat(0.98, 0.97, 0.95))
    _fill(context, (x, y, 80, 70), _fade(y, y + 70, (0.66, 0.78, 0.86), (0.80, 0.88, 0.92)))
    _fill(context, (x + 38, y, 4, 70), _flat(0.98, 0.97, 0.95))
    _fill(context, (x, y + 33, 80, 4), _flat(0.98, 0.97, 0.95))


def _door(context):
    _fill(context, (262, 96, 116, 158), _flat(0.97, 0.95, 0.92))
    _fill(context, (270, 104, 100, 150), _fade(104, 254, (0.80, 0.84, 0.82), (0.75, 0.80, 0.78)))
    _fill(context, (356, 176, 6, 14), _flat(0.62, 0.60, 0.56))
    _fill(context, (254, 250, 132, 8), _flat(0.84, 0.82, 0.78))


def _path(context):
    context.move_to(262, 258)
    context.line_to(378, 258)
    context.curve_to(390, 285, 440, 320, 470, HEIGHT)
    context.line_to(170, HEIGHT)
    context.curve_to(200, 320, 250, 285, 262, 258)
    context.set_source(_fade(258, HEIGHT, (0.86, 0.83, 0.77), (0.90, 0.88, 0.83)))
    context.fill()
    _fill(context, (0, 296, WIDTH, 40), _fade(296, 336, (0.87, 0.85, 0.79), (0.90, 0.88, 0.83)))


def _tree_crown(context, seconds):
    """A branch that moves a little all the time, as every outdoor picture has."""
    for offset, y, radius in ((0, 20, 46), (44, 4, 40), (-8, 62, 30), (26, 44, 28)):
        x = offset + 0.5 * math.sin(seconds * math.pi / 3 + offset)
        context.arc(x, y, radius, 0, 2 * math.pi)
        context.set_source_rgb(0.45, 0.62, 0.42)
        context.fill()


def _figure(context, x, stride, raised):
    height = FIGURE_HEIGHT
    context.save()
    context.translate(x, GROUND_Y)
    _shadow(context, height)
    context.scale(height, -height)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    spread = 0.052
    _leg(context, (-0.048, 0.50), -spread - 0.085 * stride, 0.035 * max(0.0, stride), (0.15, 0.17, 0.23))
    _leg(context, (0.048, 0.50), spread + 0.085 * stride, 0.035 * max(0.0, -stride), (0.17, 0.19, 0.26))
    _arm(context, (-0.108, 0.785), -0.150 + 0.05 * stride, 0.0)
    _arm(context, (0.108, 0.785), 0.150 + 0.05 * stride, raised)
    _torso(context)
    _head(context)
    context.restore()


def _shadow(context, height):
    context.save()
    context.scale(height * 0.2, height * 0.028)
    context.arc(0, 0, 1, 0, 2 * math.pi)
    context.restore()
    context.set_source_rgba(0.2, 0.2, 0.2, 0.28)
    context.fill()


def _leg(context, hip, foot_x, lift, colour):
    foot_y = 0.03 + lift
    knee = ((hip[0] + foot_x) / 2, (hip[1] + foot_y) / 2 + 0.01)
    _limb(context, (hip, knee), 0.088, colour)
    _limb(context, (knee, (foot_x, foot_y + 0.01)), 0.068, colour)
    outward = 0.022 if foot_x > 0 else -0.022
    _limb(context, ((foot_x, foot_y - 0.008), (foot_x + outward, foot_y - 0.012)), 0.042, (0.10, 0.09, 0.09))


def _arm(context, shoulder, hand_x, raised):
    hand = (hand_x + 0.03 * raised, 0.455 + 0.25 * raised)
    elbow = ((shoulder[0] + hand[0]) / 2 + (0.02 if hand_x > 0 else -0.02), (shoulder[1] + hand[1]) / 2 - 0.04 * raised)
    _limb(context, (shoulder, elbow, hand), 0.058, (0.13, 0.22, 0.38))
    context.arc(hand[0], hand[1] - 0.012, 0.026, 0, 2 * math.pi)
    context.set_source_rgb(0.80, 0.62, 0.51)
    context.fill()


def _torso(context):
    context.move_to(-0.035, 0.835)
    context.curve_to(-0.10, 0.825, -0.135, 0.81, -0.135, 0.76)
    context.line_to(-0.098, 0.60)
    context.line_to(-0.100, 0.46)
    context.line_to(0.100, 0.46)
    context.line_to(0.098, 0.60)
    context.line_to(0.135, 0.76)
    context.curve_to(0.135, 0.81, 0.10, 0.825, 0.035, 0.835)
    context.close_path()
    context.set_source_rgb(0.15, 0.26, 0.44)
    context.fill()
    _limb(context, ((0, 0.82), (0, 0.47)), 0.006, (0.10, 0.18, 0.32))


def _head(context):
    _limb(context, ((0, 0.82), (0, 0.87)), 0.052, (0.74, 0.56, 0.46))
    context.save()
    context.translate(0, 0.925)
    context.scale(0.050, 0.066)
    context.arc(0, 0, 1, 0, 2 * math.pi)
    context.restore()
    context.set_source_rgb(0.80, 0.62, 0.51)
    context.fill()
    context.save()
    context.translate(0, 0.938)
    context.scale(0.054, 0.062)
    context.arc(0, 0, 1, -0.15, math.pi + 0.15)
    context.restore()
    context.set_source_rgb(0.24, 0.17, 0.13)
    context.fill()


def _limb(context, points, width, colour):
    context.move_to(*points[0])
    for point in points[1:]:
        context.line_to(*point)
    context.set_line_width(width)
    context.set_source_rgb(*colour)
    context.stroke()


def _fill(context, rectangle, source):
    context.rectangle(*rectangle)
    context.set_source(source)
    context.fill()


def _flat(red, green, blue):
    return cairo.SolidPattern(red, green, blue)


def _fade(top, bottom, from_colour, to_colour):
    pattern = cairo.LinearGradient(0, top, 0, bottom)
    pattern.add_color_stop_rgb(0, *from_colour)
    pattern.add_color_stop_rgb(1, *to_colour)
    return pattern
