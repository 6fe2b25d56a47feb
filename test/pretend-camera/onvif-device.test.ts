// The pretend camera's ONVIF side, held against the standard: the client and the parser of this test are not the agent's.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { test as sequentialTest, vi } from 'vitest';
import { askOnvif, digestAuthorization, send, usernameToken } from './ask-onvif.ts';
import { answers, faults, withAction } from './onvif-answers.ts';
import { shortClip, startCamera } from './running-camera.ts';
import { textsOf, xmlOutlines } from './xml-outline.ts';

const run = promisify(execFile);
const test = sequentialTest.concurrent;
// Each starts cameras and ffmpeg: on a busy machine that alone can take half a minute.
vi.setConfig({ testTimeout: 60_000 });

async function startOnvif(options: string[] = [], password?: string) {
  const user = password === undefined ? [] : ['--user', 'admin'];
  return startCamera(['--video', await shortClip(), '--gop', '1', '--onvif', '0', ...user, ...options], password);
}

const at = (onvifUrl: string, path: string | undefined) => new URL(path ?? '', onvifUrl).href;
const deviceInformation = '<tds:GetDeviceInformation/>';
const dateAndTime = '<tds:GetSystemDateAndTime/>';

test('answers have the elements, namespaces and order of the standard', async ({ expect }) => {
  await using camera = await startOnvif(['--sub-stream']);
  const received = await Promise.all(answers.map(([path, request]) => askOnvif(at(camera.onvifUrl, path), request)));
  const outlines = await xmlOutlines(received.map(answer => answer.body));
  for (const [index, [, request, outline]] of answers.entries()) {
    expect.soft({ request, status: received[index]?.status }).toEqual({ request, status: 200 });
    expect.soft(outlines[index], request).toBe(outline);
  }
});

test('what it cannot answer it refuses by the fault that the standard names', async ({ expect }) => {
  await using camera = await startOnvif();
  for (const [path, request, status, codes] of faults) {
    const { body, ...answer } = await askOnvif(at(camera.onvifUrl, path), request);
    expect.soft({ request, status: answer.status, codes: textsOf(body, 'Value') }).toEqual({ request, status, codes });
    expect.soft(textsOf(body, 'Text')[0], request).toMatch(/\w/);
  }
});

test('only the right password opens it, fresh by its own clock and never twice', async ({ expect }) => {
  await using camera = await startOnvif(['--onvif-auth', 'wsse', '--clock-offset', '-7200'], 'p@ss<w&rd');
  const cameraTime = (seconds = 0) => new Date(Date.now() + (seconds - 7200) * 1000);
  const good = usernameToken('admin', 'p@ss<w&rd', cameraTime());
  for (const [situation, header, status] of [
    ['no token', '', 400],
    ['wrong password', usernameToken('admin', 'wrong', cameraTime()), 400],
    ['wrong user', usernameToken('root', 'p@ss<w&rd', cameraTime()), 400],
    ["made by the client's clock", usernameToken('admin', 'p@ss<w&rd'), 400],
    ['six minutes old', usernameToken('admin', 'p@ss<w&rd', cameraTime(-360)), 400],
    ['fresh', good, 200],
    ['the same again', good, 400],
    ['four minutes old', usernameToken('admin', 'p@ss<w&rd', cameraTime(-240)), 200],
  ] as const) {
    const answer = await askOnvif(camera.onvifUrl, deviceInformation, { header });
    const codes = status === 400 ? ['env:Sender', 'ter:NotAuthorized'] : [];
    expect
      .soft({ situation, status: answer.status, codes: textsOf(answer.body, 'Value') })
      .toEqual({ situation, status, codes });
    expect.soft(answer.challenge).toBeUndefined();
  }
});

test('its clock is told to everybody, as it is set', async ({ expect }) => {
  await using camera = await startOnvif(['--clock-offset', '-7200'], 'letmein');
  const { body } = await askOnvif(camera.onvifUrl, dateAndTime);
  const [hour, minute, second, year, month, day] = ['Hour', 'Minute', 'Second', 'Year', 'Month', 'Day'].map(name =>
    Number(textsOf(body, name)[0]),
  ) as [number, number, number, number, number, number];
  const behindMs = Date.now() - Date.UTC(year, month - 1, day, hour, minute, second);
  expect(behindMs).toBeGreaterThan(7_199_000);
  expect(behindMs).toBeLessThan(7_300_000);
});

test('HTTP digest opens it too, and nothing else when it is the only way', async ({ expect }) => {
  await using camera = await startOnvif(['--onvif-auth', 'digest'], 'letmein');
  const { pathname } = new URL(camera.onvifUrl);
  const refused = await askOnvif(camera.onvifUrl, deviceInformation, { header: usernameToken('admin', 'letmein') });
  expect(refused.status).toBe(401);
  const challenge = refused.challenge ?? '';
  expect(challenge).toMatch(/^Digest /);
  for (const [password, uri, status] of [
    ['letmein', pathname, 200],
    ['wrong', pathname, 401],
    ['letmein', '/onvif/media_service', 401],
  ] as const) {
    const authorization = digestAuthorization(challenge, 'admin', password, 'POST', uri);
    expect
      .soft((await askOnvif(camera.onvifUrl, deviceInformation, { authorization })).status, `${password} ${uri}`)
      .toBe(status);
  }
});

test('with both ways a client without credentials is asked for digest, one with a wrong token is not', async ({
  expect,
}) => {
  await using camera = await startOnvif([], 'letmein');
  expect((await askOnvif(camera.onvifUrl, deviceInformation)).status).toBe(401);
  const wrong = await askOnvif(camera.onvifUrl, deviceInformation, { header: usernameToken('admin', 'wrong') });
  expect([wrong.status, wrong.challenge]).toEqual([400, undefined]);
  const right = await askOnvif(camera.onvifUrl, deviceInformation, { header: usernameToken('admin', 'letmein') });
  expect(right.status).toBe(200);
});

test('the addresses it names work: the stream, and a JPEG of it by digest', async ({ expect }) => {
  await using camera = await startOnvif(['--sub-stream', '--onvif-auth', 'wsse'], 'letmein');
  const ask = (request: string) =>
    askOnvif(at(camera.onvifUrl, '/onvif/media2_service'), request, { header: usernameToken('admin', 'letmein') });
  const profile = '<tr2:ProfileToken>sub</tr2:ProfileToken>';
  const stream = await ask(`<tr2:GetStreamUri><tr2:Protocol>RTSP</tr2:Protocol>${profile}</tr2:GetStreamUri>`);
  expect(textsOf(stream.body, 'Uri')).toEqual([camera.subUrl]);
  const [snapshot = ''] = textsOf((await ask(`<tr2:GetSnapshotUri>${profile}</tr2:GetSnapshotUri>`)).body, 'Uri');
  expect((await send(snapshot, 'GET')).challenge).toMatch(/^Digest /);
  const entries = ['-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, snapshot.replace('://', '://admin:letmein@')]);
  expect(stdout.trim()).toBe('mjpeg,80,60');
});

test('--onvif-tls answers by https and names https addresses', async ({ expect }) => {
  await using camera = await startOnvif(['--onvif-tls']);
  expect(camera.onvifUrl).toMatch(/^https:/);
  const { body } = await askOnvif(camera.onvifUrl, '<tds:GetServices/>');
  const addresses = textsOf(body, 'XAddr');
  expect(addresses).toHaveLength(4);
  for (const address of addresses) expect(address.startsWith(new URL(camera.onvifUrl).origin)).toBe(true);
});

test.for([
  ['--tcp-only', 200, 400],
  ['--udp-only', 400, 200],
  ['--tls', 200, 400],
] as const)('a stream is named for the transports that the camera has: %s', async ([option, tcp, udp], { expect }) => {
  await using camera = await startOnvif([option]);
  const profile = '<tr2:ProfileToken>main</tr2:ProfileToken>';
  const ask = (protocol: string) =>
    askOnvif(
      at(camera.onvifUrl, '/onvif/media2_service'),
      `<tr2:GetStreamUri><tr2:Protocol>${protocol}</tr2:Protocol>${profile}</tr2:GetStreamUri>`,
    );
  const answered = await Promise.all(['RTSP', 'RtspUnicast'].map(ask));
  expect(answered.map(answer => answer.status)).toEqual([tcp, udp]);
  expect(answered.flatMap(answer => textsOf(answer.body, 'Uri'))).toEqual([camera.url]);
});

test('the first media service has no word for H.265, the second has', async ({ expect }) => {
  await using camera = await startOnvif(['--h265']);
  const first = await askOnvif(at(camera.onvifUrl, '/onvif/media_service'), '<trt:GetProfiles/>');
  expect(first.body).not.toContain('VideoEncoderConfiguration');
  const second = await askOnvif(at(camera.onvifUrl, '/onvif/media2_service'), '<tr2:GetVideoEncoderConfigurations/>');
  expect(textsOf(second.body, 'Encoding')).toEqual(['H265']);
});

const changed = (gop: number, kbps: number, fps: number) =>
  '<trt:SetVideoEncoderConfiguration><trt:Configuration token="main-encoder"><tt:RateControl>' +
  `<tt:FrameRateLimit>${fps}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>${kbps}</tt:BitrateLimit></tt:RateControl>` +
  `<tt:H264><tt:GovLength>${gop}</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264></trt:Configuration><trt:ForcePersistence>true</trt:ForcePersistence></trt:SetVideoEncoderConfiguration>`;

test('a changed key frame interval is what it reports and what it sends', async ({ expect }) => {
  await using camera = await startOnvif();
  const media = at(camera.onvifUrl, '/onvif/media_service');
  expect((await askOnvif(media, changed(5, 64, 10))).status).toBe(200);
  const { body } = await askOnvif(media, '<trt:GetVideoEncoderConfigurations/>');
  expect([...textsOf(body, 'GovLength'), ...textsOf(body, 'BitrateLimit')]).toEqual(['5', '64']);
  const input = ['-v', 'error', '-rtsp_transport', 'tcp', '-read_intervals', '%+4', '-select_streams', 'v'];
  const { stdout } = await run('ffprobe', [...input, '-show_entries', 'packet=flags', '-of', 'csv=p=0', camera.url]);
  // Once the camera has told its time, ffprobe writes an empty line behind each packet.
  const packets = stdout.split('\n').filter(line => line !== '');
  const keys = packets.flatMap((line, index) => (line.startsWith('K') ? [index] : []));
  // The first second may be of the clip before.
  const gaps = keys.slice(1).map((key, index) => key - (keys[index] ?? 0));
  expect(gaps.slice(-3)).toEqual([5, 5, 5]);
});

test('what it cannot change it refuses, and goes on as it was', async ({ expect }) => {
  await using camera = await startOnvif();
  const media = at(camera.onvifUrl, '/onvif/media_service');
  for (const request of [changed(5, 64, 5), changed(0, 64, 10), changed(31, 64, 10), changed(5, 1, 10)]) {
    const { status, body } = await askOnvif(media, request);
    expect
      .soft([status, ...textsOf(body, 'Value')])
      .toEqual([400, 'env:Sender', 'ter:InvalidArgVal', 'ter:ConfigModify']);
  }
  expect(textsOf((await askOnvif(media, '<trt:GetVideoEncoderConfigurations/>')).body, 'GovLength')).toEqual(['10']);
});

const pull = (timeout: string) =>
  `<tev:PullMessages><tev:Timeout>${timeout}</tev:Timeout><tev:MessageLimit>10</tev:MessageLimit></tev:PullMessages>`;
const stateOf = (xml: string) => [...xml.matchAll(/Name="(?:State|IsMotion)" Value="(\w+)"/g)].map(match => match[1]);

async function subscribe(onvifUrl: string, filter = ''): Promise<string> {
  const termination = '<tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime>';
  const request = `<tev:CreatePullPointSubscription>${filter}${termination}</tev:CreatePullPointSubscription>`;
  return textsOf((await askOnvif(at(onvifUrl, '/onvif/events_service'), request)).body, 'Address')[0] ?? '';
}

test('a pull point tells the state at once, and then waits until the visitor comes or goes', async ({ expect }) => {
  // The project's own scene: the yard is empty for its first four seconds.
  await using camera = await startCamera(['--onvif', '0']);
  const point = await subscribe(camera.onvifUrl);
  const first = await askOnvif(point, pull('PT1S'));
  const [before = ''] = stateOf(first.body);
  expect(stateOf(first.body)).toEqual([before, before]);
  const message =
    'tt:Message[UtcTime PropertyOperation](tt:Source(tt:SimpleItem[Name Value]) tt:Data(tt:SimpleItem[Name Value]))';
  expect(
    await xmlOutlines([
      first.body.replace(/(<wsnt:NotificationMessage>.*?<\/wsnt:NotificationMessage>).*(<\/tev)/s, '$1$2'),
    ]),
  ).toEqual([
    withAction(
      `tev:PullMessagesResponse(tev:CurrentTime tev:TerminationTime wsnt:NotificationMessage(wsnt:Topic[Dialect] wsnt:Message(${message})))`,
    ),
  ]);
  // The loop is twenty-four seconds long.
  const second = await askOnvif(point, pull('PT30S'));
  const after = before === 'true' ? 'false' : 'true';
  expect(stateOf(second.body)).toEqual([after, after]);
  expect(second.body).toContain('PropertyOperation="Changed"');
  const [initialized = '', changed = ''] = [first, second].map(answer => /UtcTime="([^"]+)"/.exec(answer.body)?.[1]);
  const answered = textsOf(second.body, 'CurrentTime')[0] ?? '';
  expect(Date.parse(changed)).toBeGreaterThan(Date.parse(initialized));
  expect(Date.parse(answered)).toBeGreaterThanOrEqual(Date.parse(changed));
});

test('a pull point is renewed, filtered, synchronized and given up', async ({ expect }) => {
  await using camera = await startOnvif();
  const topic = '<tev:Filter><wsnt:TopicExpression>tns1:VideoSource//.</wsnt:TopicExpression></tev:Filter>';
  const point = await subscribe(camera.onvifUrl, topic);
  expect(textsOf((await askOnvif(point, pull('PT1S'))).body, 'Topic')).toEqual(['tns1:VideoSource/MotionAlarm']);
  const renewed = await askOnvif(point, '<wsnt:Renew><wsnt:TerminationTime>PT10M</wsnt:TerminationTime></wsnt:Renew>');
  const [ends = '', now = ''] = ['TerminationTime', 'CurrentTime'].map(name => textsOf(renewed.body, name)[0]);
  expect(Math.round((Date.parse(ends) - Date.parse(now)) / 1000)).toBe(600);
  expect((await askOnvif(point, '<tev:SetSynchronizationPoint/>')).status).toBe(200);
  expect((await askOnvif(point, pull('PT1S'))).body).toContain('PropertyOperation="Initialized"');
  const waiting = askOnvif(point, pull('PT50S'));
  const actions = await Promise.all(
    [renewed, await askOnvif(point, '<wsnt:Unsubscribe/>')].map(answer => textsOf(answer.body, 'Action')[0]),
  );
  expect(actions).toEqual(
    ['Renew', 'Unsubscribe'].map(name => `http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/${name}Response`),
  );
  const startedAtMs = performance.now();
  await waiting;
  // Not when its own time is over.
  expect(performance.now() - startedAtMs).toBeLessThan(30_000);
  expect((await askOnvif(point, pull('PT0S'))).status).toBe(500);
});
