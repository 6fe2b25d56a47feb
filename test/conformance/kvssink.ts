// Runs KVS's own producers for a test: kvssink, AWS's GStreamer element, in GStreamer's own programs. Nothing of it is
// changed for the embedded server; the ways it offers itself (CONTROL_PLANE_URI, KVSSINK_CA_CERT_PATH) lead it there.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keys } from '../local-cloud/control-cloud.ts';

/** Where libgstkvssink.so and AWS's programs for it are. AWS publishes neither; whoever has built them sets it. */
export const kvssinkDir = process.env.KVSSINK_DIR || undefined;

export const needsKvssink =
  'kvssink needs KVSSINK_DIR: the folder it was built in, with BUILD_GSTREAMER_PLUGIN, as the README of ' +
  'github.com/awslabs/amazon-kinesis-video-streams-producer-sdk-cpp says';

/** Where the C producer's programs are, with the repository's `samples` beside that folder: there they find media. */
export const producerCDir = process.env.KVS_PRODUCER_C_DIR || undefined;

export const needsProducerC =
  'the C producer needs KVS_PRODUCER_C_DIR: the folder it was built in, as the README of ' +
  'github.com/awslabs/amazon-kinesis-video-streams-producer-c says';

export type Sink = {
  /** Of the control plane; left out: wherever the producer goes by itself. */
  url?: string;
  stream: string;
  /** Properties of the element, as on GStreamer's command line. */
  properties?: readonly string[];
  env?: Record<string, string | undefined>;
  /** A command that is given the producer's own as its arguments, and runs it. */
  within?: readonly string[];
};

/** Encoders, at 25 pictures and one to five key frames a second. No B-frames: KVS takes none. */
export const video = {
  h264: (keyFrameEach = 25) =>
    `x264enc bframes=0 key-int-max=${keyFrameEach} tune=zerolatency speed-preset=ultrafast ! h264parse ! ` +
    'video/x-h264,stream-format=avc,alignment=au',
  h265: (keyFrameEach = 25) =>
    `x265enc option-string=bframes=0:repeat-headers=0:log-level=none key-int-max=${keyFrameEach} tune=zerolatency ` +
    'speed-preset=ultrafast ! h265parse ! video/x-h265,stream-format=hvc1,alignment=au',
} as const;

const picture = (pictures: number) =>
  `videotestsrc is-live=true num-buffers=${pictures} pattern=ball ! video/x-raw,width=160,height=120,framerate=25/1`;

export type Recording = {
  pictures: number;
  codec?: keyof typeof video;
  keyFrameEach?: number;
  /** An encoder of audio beside it. */
  audio?: 'avenc_aac' | 'alawenc';
};

export type Run = AsyncDisposable & {
  folder: string;
  /** Resolves with all that was printed when the producer ends, as it should. */
  done: Promise<string>;
  /** Resolves once this was printed. */
  printed(text: string): Promise<void>;
  /** What the producer itself noted it sent, one file for each PutMedia, in their order. */
  sent(): Promise<string[]>;
  /** What the encoder made, without a container. */
  encoded: string;
};

/** Pictures (and sound) live through an encoder into kvssink, and beside it into a file. */
export async function kvssink(sink: Sink, { pictures, codec = 'h264', ...recording }: Recording): Promise<Run> {
  const folder = await runFolder();
  const encoded = join(folder, `encoded.${codec}`);
  const parts = [
    `${picture(pictures)} ! ${video[codec](recording.keyFrameEach)} ! tee name=made`,
    `made. ! queue ! ${element(sink)}`,
    `made. ! queue ! ${codec}parse ! video/x-${codec},stream-format=byte-stream ! filesink location=${encoded}`,
  ];
  if (recording.audio) {
    // Longer than the pictures: kvssink stops at the first end it sees.
    const rate = recording.audio === 'alawenc' ? 8000 : 48_000;
    const samples = rate / 50;
    const count = 2 * pictures + 50;
    const source = `audiotestsrc is-live=true num-buffers=${count} samplesperbuffer=${samples}`;
    parts.push(`${source} ! audio/x-raw,rate=${rate},channels=1 ! ${recording.audio} ! queue ! sink.`);
  }
  return start({ ...sink, folder, encoded }, ['gst-launch-1.0', '-e', '-q', ...parts.join('  ').split(/ +/)]);
}

/** As kvssink(), and told from within GStreamer what to do meanwhile. */
export type Step = { afterMs: number; metadata?: { name: string; value: string; persist: boolean } };

/** An endless picture that ends after the last step. */
export async function steppedKvssink(sink: Sink, steps: readonly Step[]): Promise<Run> {
  const folder = await runFolder();
  const pipeline = `${picture(-1)} ! ${video.h264()} ! ${element(sink)}`;
  const script = join(import.meta.dirname, 'kvssink-steps.py');
  return start({ ...sink, folder, encoded: '' }, ['/usr/bin/python3', script, pipeline, JSON.stringify(steps)]);
}

/** A program that AWS built around its producer, from the folder it was built in. */
export async function program(sink: Sink, folder: string, args: readonly string[]): Promise<Run> {
  const [name = '', ...rest] = args;
  return start({ ...sink, folder: await runFolder(), encoded: '', cwd: folder }, [join(folder, name), ...rest]);
}

function element({ stream, properties = [] }: Sink): string {
  return ['kvssink name=sink', `stream-name=${stream}`, 'stop-stream-timeout=10', ...properties].join(' ');
}

/** Has GStreamer look at all its elements, which takes seconds, before anything is timed. */
export async function warmUp(): Promise<void> {
  await promisify(execFile)('gst-inspect-1.0', ['kvssink'], { env: { PATH: process.env.PATH, ...gstreamer } });
}

/** Removes what it noted of them. */
export async function coolDown(): Promise<void> {
  await rm(gstreamer.GST_REGISTRY, { force: true });
}

const gstreamer = {
  GST_REGISTRY: join(tmpdir(), `kvssink-registry-${process.pid}`),
  GST_PLUGIN_PATH: kvssinkDir,
  LD_LIBRARY_PATH: kvssinkDir,
};

async function runFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvssink-'));
  await mkdir(join(folder, 'sent'));
  return folder;
}

async function start(
  { url, env, within = [], folder, encoded, cwd }: Sink & { folder: string; encoded: string; cwd?: string },
  producer: readonly string[],
): Promise<Run> {
  const [command = '', ...args] = [...within, ...producer];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: cwd ?? folder,
    env: {
      ...{ PATH: process.env.PATH, HOME: folder, ...gstreamer, CONTROL_PLANE_URI: url },
      ...{ AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
      ...{ AWS_DEFAULT_REGION: 'us-west-2', AWS_KVS_LOG_LEVEL: '2' },
      KVS_DEBUG_DUMP_DATA_FILE_DIR: join(folder, 'sent'),
      ...env,
    },
  });
  const printed = watch(child);
  const done = once(child, 'close').then(([code, signal]) => {
    if (code === 0) return printed.text();
    throw new Error(`The producer ended with ${code ?? signal}:\n${printed.text()}`);
  });
  done.catch(() => undefined); // whoever waits for it is told
  return {
    folder,
    encoded,
    done,
    printed: printed.saw,
    async sent() {
      const files = await readdir(join(folder, 'sent'));
      const order = (name: string) => Number(/_(\d+)\.mkv$/.exec(name)?.[1]);
      return files.sort((a, b) => order(a) - order(b)).map(name => join(folder, 'sent', name));
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function watch(child: ChildProcess): { text(): string; saw(text: string): Promise<void> } {
  let text = '';
  let wake: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', data => {
      text += data;
      wake();
    });
  child.on('close', () => wake());
  return {
    text: () => text,
    async saw(wanted) {
      while (!text.includes(wanted)) {
        if (child.exitCode !== null) throw new Error(`The producer ended without "${wanted}":\n${text}`);
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    },
  };
}
