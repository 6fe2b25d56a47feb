#!/usr/bin/python3
"""Plays a pipeline with a kvssink named "sink", and sends it what gst-launch cannot send.

    kvssink-steps.py PIPELINE STEPS

STEPS is JSON: [{"afterMs": 1000, "metadata": {"name": "gate", "value": "open", "persist": false}}, ...]. Each waits
so long after the one before; after the last the stream ends.
"""
import json
import sys
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1])
sink = pipeline.get_by_name("sink")
pipeline.set_state(Gst.State.PLAYING)
bus = pipeline.get_bus()
for step in json.loads(sys.argv[2]):
    time.sleep(step["afterMs"] / 1000)
    if metadata := step.get("metadata"):
        event = Gst.Structure.new_empty("kvs-add-metadata")
        for name, value in metadata.items():
            event.set_value(name, value)
        sink.get_static_pad("video_0").send_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_DOWNSTREAM, event))
pipeline.send_event(Gst.Event.new_eos())
message = bus.timed_pop_filtered(30 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
if message is None or message.type == Gst.MessageType.ERROR:
    sys.exit(f"GStreamer: {message and message.parse_error()}")
