"""What is written into every picture: which one it is and when it was taken, as a SEI user_data_unregistered message.

Recorders copy it untouched, so a test can read any stored picture and prove that none is missing and none came twice.
The reader is test/pretend-camera/picture-stamp.ts.
"""
from .codec import START_CODE

# Free of zero bytes, as is the ASCII text behind it: the message never needs emulation prevention (H.264, 7.4.1; H.265, 7.4.2).
STAMP_UUID = bytes.fromhex("6b76732d65646765b1c5d3a79e4f8a21")
_USER_DATA_UNREGISTERED, _STOP_BIT = 0x05, 0x80


def sei(codec, ordinal, captured_at_ms):
    """The message as one Annex B NAL unit."""
    payload = STAMP_UUID + f"ordinal={ordinal} capturedAtMs={captured_at_ms}".encode()
    return START_CODE + codec.sei_header + bytes([_USER_DATA_UNREGISTERED, len(payload)]) + payload + bytes([_STOP_BIT])
