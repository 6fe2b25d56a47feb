// What is wrong with a camera, said by real servers to the agent's own reader and to a real ffmpeg: the code, the state, the sentence.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createWebServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, type ExpectStatic, test } from 'vitest';
import { ownAddress } from '../discovery/own-addresses.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { Following } from './following.ts';

const clip = await shortClip();

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return port;
}

/** A program of a line or two that prints its port; killed at the end of the scope. */
async function python(script: string) {
  const process = spawn('/usr/bin/python3', ['-B', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await once(process.stdout, 'data'));
  return { port, [Symbol.dispose]: () => void process.kill('SIGKILL') };
}

/** GStreamer's RTSP server with any pipeline at /stream1. */
function gstreamer(pipeline: string) {
  return python(`
import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server, factory = GstRtspServer.RTSPServer(service='0', address='127.0.0.1'), GstRtspServer.RTSPMediaFactory()
factory.set_launch(${JSON.stringify(pipeline)})
server.get_mount_points().add_factory('/stream1', factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()`);
}

type Asked = { reader: 'native' | 'ffmpeg'; url: string; transport?: 'tcp' };

/** The first problem of a camera and when it is tried again. */
async function firstProblem(expect: ExpectStatic, { reader, url, transport }: Asked, ioTimeoutMs = 30_000) {
  const silent = { silenceMs: 3_000, firstByteMs: 12_000, ioTimeoutMs };
  await using following = new Following({ reader, url, transport }, ioTimeoutMs < 10_000 ? silent : {});
  await expect.poll(() => following.problems.length, { timeout: 50_000 }).toBeGreaterThan(0);
  const [fact] = following.states.filter(({ error }) => error);
  const { state, error } = fact ?? {};
  expect(error?.message).not.toMatch(/rtsp:\/\/|stream1|undefined/);
  expect(error?.message).toContain(new URL(url).hostname);
  return { state, code: error?.code, message: error?.message, waitsMs: following.waitsMs[0] };
}

describe.concurrent.each(['native', 'ffmpeg'] as const)('%s is told of', reader => {
  test('a name that nobody has', async ({ expect }) => {
    const problem = await firstProblem(expect, { reader, url: 'rtsp://name.invalid/stream1' });
    expect(problem).toMatchObject({ code: 'camera-host-unknown', state: 'offline' });
    expect(problem.waitsMs).toBeLessThanOrEqual(1_000);
  });

  test('an address where nothing listens', async ({ expect }) => {
    // Where no other test listens either.
    const host = `${ownAddress(1)}:8554`;
    const problem = await firstProblem(expect, { reader, url: `rtsp://${host}/stream1` });
    expect(problem).toMatchObject({ code: 'camera-unreachable', state: 'offline' });
    expect(problem.message).toContain(`${host} cannot be reached`);
  });

  test('an address that does not answer', async ({ expect }) => {
    using deaf = await python(`
import socket, time
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(0)
waiting = [socket.socket() for _ in range(4)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
print(listener.getsockname()[1], flush=True)
time.sleep(60)`);
    const problem = await firstProblem(expect, { reader, url: `rtsp://127.0.0.1:${deaf.port}/stream1` }, 1_000);
    expect(problem).toMatchObject({ code: 'camera-unreachable', state: 'offline' });
  });

  test('a device that takes the connection and then says nothing', async ({ expect }) => {
    await using server = createServer(socket => void socket.on('error', () => undefined).resume());
    const problem = await firstProblem(
      expect,
      { reader, url: `rtsp://127.0.0.1:${await portOf(server)}/stream1` },
      2_000,
    );
    expect(problem).toMatchObject({ code: 'camera-stalled', state: 'offline' });
  });

  test('a web page instead of RTSP', async ({ expect }) => {
    await using server = createWebServer((_request, response) => response.end('<html><title>IP camera</title></html>'));
    const problem = await firstProblem(expect, { reader, url: `rtsp://127.0.0.1:${await portOf(server)}/stream1` });
    expect(problem).toMatchObject({ code: 'camera-not-rtsp', state: 'refused' });
    expect(problem.message).toContain('does not speak RTSP');
  });

  test('a path that the camera does not have', async ({ expect }) => {
    await using camera = await startCamera(['--video', clip, '--path', '/other']);
    const problem = await firstProblem(expect, { reader, url: `rtsp://127.0.0.1:${camera.port}/stream1` });
    expect(problem).toMatchObject({ code: 'camera-not-found', state: 'refused' });
  });

  test('a stream with sound and no picture', async ({ expect }) => {
    using camera = await gstreamer('( audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8 )');
    expect(await firstProblem(expect, { reader, url: `rtsp://127.0.0.1:${camera.port}/stream1` })).toMatchObject({
      code: 'camera-no-video',
      state: 'refused',
    });
  });

  test('MJPEG instead of H.264 or H.265', async ({ expect }) => {
    using camera = await gstreamer(
      '( videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=120,framerate=10/1 ! jpegenc ! rtpjpegpay name=pay0 pt=26 )',
    );
    expect(await firstProblem(expect, { reader, url: `rtsp://127.0.0.1:${camera.port}/stream1` })).toMatchObject({
      code: 'camera-codec-unsupported',
      state: 'refused',
    });
  });
});

test.concurrent.for(['native', 'ffmpeg'] as const)(
  '%s is told of a camera that has UDP only when it may use TCP only',
  async (reader, { expect }) => {
    await using camera = await startCamera(['--video', clip, '--udp-only', '--gop', '1']);
    expect(await firstProblem(expect, { reader, url: camera.url, transport: 'tcp' })).toMatchObject({
      code: 'camera-transport',
      state: 'refused',
    });
  },
);

test.concurrent('ffmpeg is told of H.264 with B-frames', async ({ expect }) => {
  await using camera = await startCamera(['--video', clip, '--b-frames', '--no-audio', '--gop', '1']);
  const problem = await firstProblem(expect, { reader: 'ffmpeg', url: camera.url });
  expect(problem).toMatchObject({ code: 'camera-b-frames', state: 'refused' });
  expect(problem.message).toContain('profile Baseline');
  expect(problem.waitsMs).toBeGreaterThan(3_000);
});
