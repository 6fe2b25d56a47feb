#!/usr/bin/python3
"""Packs one stream of a Matroska file into RTP with a GStreamer payloader.

    pack-with-gstreamer.py MEDIA.mkv "rtph264pay mtu=1400" PACKETS

PACKETS gets every packet after two bytes of its length (RFC 4571); stdout gets the payloader's caps as JSON.
"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)
media, payloader, packets = sys.argv[1:]
pipeline = Gst.parse_launch(
    f"filesrc location={media} ! matroskademux ! {payloader} name=payloader ! rtpstreampay ! filesink location={packets}"
)
pipeline.set_state(Gst.State.PLAYING)
kinds = Gst.MessageType.EOS | Gst.MessageType.ERROR
message = pipeline.get_bus().timed_pop_filtered(20 * Gst.SECOND, kinds)
if message is None or message.type != Gst.MessageType.EOS:
    sys.exit(f"GStreamer: {message.parse_error() if message else 'not done in 20 s'}")
caps = pipeline.get_by_name("payloader").get_static_pad("src").get_current_caps().get_structure(0)
pipeline.set_state(Gst.State.NULL)
print(json.dumps({caps.nth_field_name(n): caps.get_value(caps.nth_field_name(n)) for n in range(caps.n_fields())}))
