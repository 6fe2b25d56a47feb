// A camera without a lens: H.264 access units that no decoder would like, each with its number inside, at the pace of real
// time. Light enough that dozens of them run beside each other on two cores.
import type { Clock } from '../../agent/clock.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { video } from '../spool/parts.ts';

export type StampedCamera = {
  clock: Clock;
  /** Number of the first picture. */
  firstOrdinal?: number;
  picturesPerSecond?: number;
  pictureBytes?: number;
  /** Called with each picture's number just before it goes out. */
  onPicture?: (ordinal: number) => void;
};

/** As the pretend camera stamps its pictures (scripts/pretend/stamp.py). */
const stampUuid = Buffer.from('6b76732d65646765b1c5d3a79e4f8a21', 'hex');
const seiUserData = Uint8Array.of(6, 5);
const idrSlice = Uint8Array.of(0x65, 0xb8, 0x80);
const pSlice = Uint8Array.of(0x41, 0xc0, 0x80);

/** A key frame a second. Ends when `signal` aborts. */
export async function* stampedCamera(camera: StampedCamera, signal: AbortSignal): AsyncGenerator<SourceItem> {
  const { clock, firstOrdinal = 0, picturesPerSecond = 10, pictureBytes = 1500, onPicture = () => {} } = camera;
  const startMs = clock.monotonicMs();
  yield { type: 'tracks', tracks: [video] };
  for (let index = 0; ; index++) {
    const timecodeMs = Math.round((index * 1000) / picturesPerSecond);
    const waitMs = startMs + timecodeMs - clock.monotonicMs();
    try {
      signal.throwIfAborted();
      if (waitMs > 0) await clock.sleep(waitMs, signal);
    } catch {
      return;
    }
    const keyFrame = index % picturesPerSecond === 0;
    const data = stampedPicture({ ordinal: firstOrdinal + index, keyFrame, bytes: pictureBytes });
    onPicture(firstOrdinal + index);
    yield { type: 'frame', frame: { trackNumber: 1, timecodeMs, keyFrame, data } };
  }
}

export function stampedPicture(picture: { ordinal: number; keyFrame: boolean; bytes: number }): Uint8Array {
  const text = Buffer.from(`ordinal=${picture.ordinal} capturedAtMs=0`);
  const size = Uint8Array.of(stampUuid.length + text.length);
  const sei = Buffer.concat([seiUserData, size, stampUuid, text, Uint8Array.of(0x80)]);
  const slice = Buffer.concat([picture.keyFrame ? idrSlice : pSlice, Buffer.alloc(Math.max(0, picture.bytes), 0x55)]);
  return Buffer.concat([withLength(sei), withLength(slice)]);
}

function withLength(unit: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  return Buffer.concat([length, unit]);
}
