// Which H.264 encoder this machine should use for pictures of a size: the board's own when it is there and really works,
// otherwise x264 with the preset the machine is fast enough for. Found out by encoding, once for each size.
import { existsSync } from 'node:fs';
import { asAgentError } from '../errors.ts';
import { h264Encoding, type VideoEncoder, x264Presets } from './h264.ts';
import { type Clip, type MeasureOptions, measureEncoding, syntheticClip } from './measure-encode.ts';

export type VideoEncodersOptions = Omit<MeasureOptions, 'signal'> & {
  /** The encoders to try before x264. Default: the one of Linux boards, when the machine has any such device. */
  boardEncoders?: readonly VideoEncoder[];
  /** A preset is chosen when it takes no more than this. Default 50 % of one core. */
  maxPercentOfCore?: number;
  /** Longest time to find out. Default 8 s: less than the frames of a camera may wait. */
  patienceMs?: number;
};

type Size = { width: number; height: number };

/** Where Raspberry Pi OS and others put their codecs. */
const boardDevices = ['/dev/video10', '/dev/video11', '/dev/video12'];
const probeSeconds = 1;
const patienceMs = 8_000;
const leastWork: VideoEncoder = { name: 'libx264', preset: 'ultrafast' };

/** Says which encoder to use. */
export type EncoderChoice = Pick<VideoEncoders, 'choose' | 'noteFailure'>;

/** One for the whole agent. */
export class VideoEncoders {
  readonly #options: VideoEncodersOptions;
  readonly #chosen = new Map<string, Promise<VideoEncoder>>();
  readonly #broken = new Set<VideoEncoder['name']>();
  /** One measurement at a time, or they would measure each other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: VideoEncodersOptions) {
    this.#options = options;
  }

  /**
   * The encoder for pictures of that size. Takes seconds for the first of a size.
   * @throws AgentError `ffmpeg-missing`, `encoder-failed` when not even x264 works; the signal's reason
   */
  async choose({ width, height }: Size, signal: AbortSignal): Promise<VideoEncoder> {
    const key = keyOf({ width, height });
    const known = this.#chosen.get(key);
    // Another camera asked, and may have been stopped meanwhile.
    if (known) return await known.catch(() => this.choose({ width, height }, signal));
    const choice = this.#turn.then(() => this.#measure({ width, height }, signal));
    this.#turn = choice.catch(() => undefined);
    this.#chosen.set(key, choice);
    // What was not found out is asked again.
    choice.catch(() => this.#chosen.delete(key));
    return await choice;
  }

  /** It was chosen and failed at work. An encoder of the board is not chosen again while the agent runs. */
  noteFailure({ name }: VideoEncoder): void {
    if (name === 'libx264') return;
    this.#broken.add(name);
    this.#chosen.clear();
  }

  /** Frames wait meanwhile, and not for ever: a machine that is too busy to be measured gets what takes least of it. */
  async #measure(size: Size, signal: AbortSignal): Promise<VideoEncoder> {
    const late = new AbortController();
    const cancel = this.#options.clock.after(this.#options.patienceMs ?? patienceMs, () => late.abort());
    try {
      return await this.#measured(size, { ...this.#options, signal: AbortSignal.any([signal, late.signal]) });
    } catch (thrown) {
      if (!late.signal.aborted || signal.aborted) throw thrown;
      // Not for good: most likely all cameras were starting.
      this.#chosen.delete(keyOf(size));
      return leastWork;
    } finally {
      cancel();
    }
  }

  async #measured(size: Size, measure: MeasureOptions): Promise<VideoEncoder> {
    const clip = await syntheticClip({ ...size, fps: 25, codec: 'h264' }, probeSeconds, measure);
    for (const encoder of this.#boardEncoders()) {
      if (await this.#works(clip, encoder, measure)) return encoder;
    }
    const { maxPercentOfCore = 50 } = this.#options;
    for (const preset of x264Presets.slice(0, -1)) {
      const encoder: VideoEncoder = { name: 'libx264', preset };
      const { percentOfCore } = await measureEncoding(clip, h264Encoding(clip.track, encoder), measure);
      if (percentOfCore <= maxPercentOfCore) return encoder;
    }
    return leastWork;
  }

  #boardEncoders(): readonly VideoEncoder[] {
    const { boardEncoders } = this.#options;
    const found = boardEncoders ?? (boardDevices.some(existsSync) ? [{ name: 'h264_v4l2m2m' } as const] : []);
    return found.filter(({ name }) => !this.#broken.has(name));
  }

  async #works(clip: Clip, encoder: VideoEncoder, measure: MeasureOptions): Promise<boolean> {
    try {
      const { realTimeFactor } = await measureEncoding(clip, h264Encoding(clip.track, encoder), measure);
      return realTimeFactor > 1;
    } catch (thrown) {
      measure.signal.throwIfAborted();
      if (asAgentError(thrown).code === 'ffmpeg-missing') throw thrown;
      return false;
    }
  }
}

function keyOf({ width, height }: Size): string {
  return `${width}x${height}`;
}
