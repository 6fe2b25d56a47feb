// Reads what the pretend camera wrote into a picture (scripts/pretend/stamp.py), wherever the picture was stored since:
// with it a test proves that no picture is missing and none came twice.

export type PictureStamp = {
  /** Number of the picture since the camera's start, from 0, in the order the camera sends. */
  ordinal: number;
  /** Wall time at which the camera took it. */
  capturedAtMs: number;
};

const H264_SEI = 6;
const H265_PREFIX_SEI = 39;
const STAMP_UUID = Buffer.from('6b76732d65646765b1c5d3a79e4f8a21', 'hex');
const STAMP_TEXT = /^ordinal=(\d+) capturedAtMs=(\d+)/;

/** `accessUnit`: H.264 or H.265 NAL units, each behind its length in 4 bytes. Undefined when the picture carries no stamp. */
export function readPictureStamp(accessUnit: Uint8Array): PictureStamp | undefined {
  for (const unit of nalUnits(Buffer.from(accessUnit.buffer, accessUnit.byteOffset, accessUnit.length))) {
    const start = unit.indexOf(STAMP_UUID);
    const header = unit[0] ?? 0;
    if (start < 0 || ((header & 0x1f) !== H264_SEI && header >> 1 !== H265_PREFIX_SEI)) continue;
    const [, ordinal, capturedAtMs] = STAMP_TEXT.exec(unit.toString('latin1', start + STAMP_UUID.length)) ?? [];
    if (ordinal !== undefined) return { ordinal: Number(ordinal), capturedAtMs: Number(capturedAtMs) };
  }
  return undefined;
}

function* nalUnits(accessUnit: Buffer): Generator<Buffer> {
  for (let position = 0; position + 4 <= accessUnit.length; ) {
    const length = accessUnit.readUInt32BE(position);
    yield accessUnit.subarray(position + 4, position + 4 + length);
    position += 4 + length;
  }
}
