// What a scripted camera films: pictures as an encoder leaves them, made by ffmpeg once. Units that a camera may or may not
// send (delimiters, the encoder's own remarks, parameter sets) are taken out: the camera decides about those.
import { encodedBytes, encodedFile, presentationTimes } from './encoded-file.ts';

export type VideoCodec = 'h264' | 'h265';

export type CodedPicture = {
  /** NAL units without start codes, slices only. */
  units: Buffer[];
  keyFrame: boolean;
  /** Its place in the order in which pictures are shown; pictures are stored in the order of decoding. */
  shownAs: number;
};

export type Footage = {
  codec: VideoCodec;
  picturesPerSecond: number;
  /** As they precede a key frame: (VPS,) SPS, PPS. */
  parameterSets: Buffer[];
  /** Begins with a key frame: it can be repeated for ever. */
  pictures: CodedPicture[];
};

export type FootageOptions = {
  codec?: VideoCodec;
  /** Default: 160x120. */
  size?: `${number}x${number}`;
  picturesPerSecond?: number;
  seconds?: number;
  /** Pictures from one key frame to the next. Default: a second's. */
  gop?: number;
  bFrames?: number;
  /** Of each picture. */
  slices?: number;
  /** Noise is added until the encoder needs that much. Default: whatever a test picture needs. */
  megabits?: number;
};

/** Default: a second of 160x120, 25 pictures a second. Rejects with what ffmpeg or its output lacks. */
export async function makeFootage(options: FootageOptions = {}): Promise<Footage> {
  const { codec = 'h264', picturesPerSecond = 25 } = options;
  const file = await encodedFile(encoderArguments(options), 'mkv');
  const format = codec === 'h264' ? 'h264' : 'hevc';
  const bytes = await encodedBytes(['-i', file, '-c', 'copy', '-f', format], format);
  const shownAs = ranks(await presentationTimes(file));
  const parameterSets = new Map<number, Buffer>();
  const pictures: CodedPicture[] = [];
  for (const unit of nalUnits(bytes)) {
    const kind = kindOf(codec, unit);
    if (kind === 'parameters') parameterSets.set(typeOf(codec, unit), unit);
    if (kind === 'parameters' || kind === 'remark') continue;
    if (beginsPicture(codec, unit)) {
      const place = shownAs[pictures.length] ?? Number.NaN;
      pictures.push({ units: [], keyFrame: kind === 'keySlice', shownAs: place });
    }
    pictures.at(-1)?.units.push(unit);
  }
  if (pictures.length !== shownAs.length) throw new Error(`${file} has other pictures than ffprobe sees in it`);
  return { codec, picturesPerSecond, parameterSets: [...parameterSets.values()], pictures };
}

function encoderArguments(options: FootageOptions): string[] {
  const { codec = 'h264', size = '160x120', picturesPerSecond = 25, seconds = 1, megabits } = options;
  const { gop = picturesPerSecond, bFrames = 0, slices = 1 } = options;
  const picture = `testsrc2=size=${size}:rate=${picturesPerSecond}:duration=${seconds}`;
  const parameters = `keyint=${gop}:min-keyint=${gop}:scenecut=0:bframes=${bFrames}:b-adapt=0:open-gop=0:slices=${slices}`;
  const rate = megabits === undefined ? [] : ['-b:v', `${megabits}M`, '-maxrate', `${megabits}M`];
  return [
    ...['-f', 'lavfi', '-i', picture, ...(megabits === undefined ? [] : ['-vf', 'noise=alls=8:allf=t'])],
    ...['-pix_fmt', 'yuv420p', '-preset', 'ultrafast', ...rate],
    ...(megabits === undefined ? [] : ['-bufsize', `${megabits / 2}M`]),
    ...(codec === 'h264'
      ? ['-c:v', 'libx264', '-x264-params', parameters]
      : ['-c:v', 'libx265', '-x265-params', `${parameters}:log-level=none`]),
  ];
}

/** Of each value its place among all, from 0. */
function ranks(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const placeOf = new Map(sorted.map((value, place) => [value, place]));
  return values.map(value => placeOf.get(value) ?? Number.NaN);
}

type UnitKind = 'parameters' | 'remark' | 'keySlice' | 'slice';

/** H.264 table 7-1, H.265 table 7-1. */
function kindOf(codec: VideoCodec, unit: Buffer): UnitKind {
  const type = typeOf(codec, unit);
  if (codec === 'h264') {
    if (type === 7 || type === 8) return 'parameters';
    return type === 5 ? 'keySlice' : type < 5 ? 'slice' : 'remark';
  }
  if (type >= 32 && type <= 34) return 'parameters';
  return type >= 32 ? 'remark' : type >= 16 ? 'keySlice' : 'slice';
}

/** The first bit of a slice's header: first_mb_in_slice is 0 (H.264), first_slice_segment_in_pic_flag (H.265). */
function beginsPicture(codec: VideoCodec, slice: Buffer): boolean {
  return ((slice[codec === 'h264' ? 1 : 2] ?? 0) & 0x80) !== 0;
}

function typeOf(codec: VideoCodec, unit: Buffer): number {
  const [first = 0] = unit;
  return codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;
}

/** Of a byte stream with start codes (H.264 and H.265, annex B). */
function* nalUnits(stream: Buffer): Generator<Buffer> {
  const startCode = Buffer.of(0, 0, 1);
  let start = stream.indexOf(startCode);
  while (start >= 0) {
    const from = start + startCode.length;
    start = stream.indexOf(startCode, from);
    let to = start < 0 ? stream.length : start;
    while (to > from && stream[to - 1] === 0) to--;
    if (to > from) yield stream.subarray(from, to);
  }
}
