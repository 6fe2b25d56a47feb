// A camera that is stopped while it is being connected: whatever step it is at, the source ends at once and hangs up.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Facts } from '../../agent/facts.ts';
import { openCameraSource } from '../../agent/source/camera-source.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const description = [
  ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000'],
  ...['a=control:track1', ''],
].join('\r\n');

function answerTo(method: string, sequence: string): string {
  const body = method === 'DESCRIBE' ? description : '';
  const headers: Record<string, string[]> = {
    OPTIONS: ['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN'],
    DESCRIBE: ['Content-Type: application/sdp', `Content-Length: ${body.length}`],
    SETUP: ['Session: 1', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1'],
    PLAY: ['Session: 1'],
  };
  return ['RTSP/1.0 200 OK', `CSeq: ${sequence}`, ...(headers[method] ?? []), '', body].join('\r\n');
}

const cases = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'].flatMap(step => [
  { step, answers: false, when: 'is not answered' },
  { step, answers: true, when: 'has just been answered' },
]);

test.each(cases)('stopped when $step $when', async ({ step, answers }) => {
  const stop = new AbortController();
  const sockets: Socket[] = [];
  const asked: string[] = [];
  const camera = createServer(socket => {
    sockets.push(socket);
    socket
      .on('error', () => undefined)
      .on('data', data => {
        const [, method = ''] = /^([A-Z]+) /.exec(`${data}`) ?? [];
        const [, sequence = ''] = /CSeq: (\d+)/i.exec(`${data}`) ?? [];
        asked.push(method);
        if (method !== step || answers) socket.write(answerTo(method, sequence));
        // After the answer was taken, before anything else is done with it.
        if (method === step) setImmediate(() => setImmediate(() => stop.abort()));
      });
  }).listen(0, '127.0.0.1');
  await once(camera, 'listening');
  const address = camera.address();
  const url = `rtsp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/1`;
  const source = openCameraSource({
    camera: { id: 'a', url, audio: 'off', reader: 'native' },
    // Time stands still: whoever waited for some to pass would not end at all.
    ...{ clock: new SimulatedClock(), facts: new Facts(() => undefined), random: Math.random },
  });
  for await (const _item of source.items(stop.signal));
  expect(asked).toContain(step);
  await expect.poll(() => sockets.every(socket => socket.destroyed || socket.readableEnded)).toBe(true);
  camera.close();
});
