// Pictures by a link that was sent in an alert: without signing in, that one picture, until the link expires.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StillLinks } from '../../agent/alerts/still-links.ts';
import { ask, atMs, serveConsole, sighting, stillBytes } from './served-console.ts';

const dayMs = 86_400_000;

async function served({ laterMs = 0 } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'kvs-edge-stills-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const links = await StillLinks.open({ dataDir });
  const console_ = await serveConsole({ stillLinks: { judge: signed => links.judge(signed, atMs + laterMs) } });
  onTestFinished(() => console_[Symbol.asyncDispose]());
  const linkTo = (id: string) => new URL(links.link(id, { consoleUrl: console_.url, nowMs: atMs }).url);
  const get = (link: URL, headers?: Record<string, string>) =>
    ask(console_.url, `${link.pathname}${link.search}`, headers ? { headers } : {});
  return { linkTo, get };
}

describe('a link to a picture', () => {
  test('opens it without a session, for pages of others too, until it expires', async () => {
    const { linkTo, get } = await served({ laterMs: 7 * dayMs - 1_000 });
    const answer = await get(linkTo(sighting.id), { origin: 'https://chat.example', 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': String(stillBytes.length),
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    });
  });

  test('is over after seven days', async () => {
    const { linkTo, get } = await served({ laterMs: 7 * dayMs });
    const answer = await get(linkTo(sighting.id));
    expect(answer.status).toBe(410);
    expect(answer.json()).toMatchObject({ code: 'link-expired' });
  });

  test('cannot be made to last longer or to show another picture, and shows nothing that is gone', async () => {
    const { linkTo, get } = await served();
    const link = linkTo(sighting.id);
    const [expires, signature] = ['expires', 'signature'].map(name => link.searchParams.get(name) ?? '');
    const changed = (path: string, query: Record<string, string>) =>
      new URL(`${path}?${new URLSearchParams(query)}`, link);
    const wrong = [
      changed(link.pathname, { expires: String(Number(expires) + 1), signature: signature ?? '' }),
      changed(link.pathname, { expires: `0${expires}`, signature: signature ?? '' }),
      changed('/stills/sighting-2.jpg', { expires: expires ?? '', signature: signature ?? '' }),
      changed(link.pathname, { expires: expires ?? '', signature: `${signature?.slice(0, -2)}AA` }),
      changed(link.pathname, { expires: expires ?? '', signature: 'AA' }),
      linkTo('sighting-2'),
      linkTo('../../etc/passwd'),
    ];
    for (const url of wrong) {
      const answer = await get(url);
      expect([answer.status, answer.json()], url.href).toMatchObject([404, { code: 'still-missing' }]);
    }
    const incomplete = [changed(link.pathname, { expires: expires ?? '' }), changed(link.pathname, {})];
    for (const url of incomplete) expect((await get(url)).status).toBe(400);
    expect((await get(link)).status).toBe(200);
  });

  test('does not open anything else', async () => {
    const { linkTo, get } = await served();
    const { search } = linkTo(sighting.id);
    const other = await get(new URL(`http://127.0.0.1/api/sightings/${sighting.id}/still.jpg${search}`));
    expect(other.status).toBe(401);
  });
});
