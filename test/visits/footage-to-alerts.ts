// Footage through everything between the camera and the alert, as the agent puts it together: its frames are cut into fragments,
// spooled on a real disk, sampled and decoded by ffmpeg, sent over HTTP to local-cloud's Rekognition with its real detector,
// followed, kept in SQLite, and judged by the rules. As fast as that goes: the agent's clock is the footage's, and the next
// fragment comes when analysis waits for it.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outbox } from '../../agent/alerts/outbox.ts';
import { RuleMemoryStore } from '../../agent/alerts/rule-memory/rule-memory.ts';
import { analyse } from '../../agent/camera-lines.ts';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { LabelProvider } from '../../agent/labels/provider.ts';
import { rekognition } from '../../agent/labels/rekognition.ts';
import { SightingStore } from '../../agent/labels/sighting-store.ts';
import { createListener } from '../../agent/local-cloud/http.ts';
import { PeopleDetector } from '../../agent/local-cloud/rekognition/detector.ts';
import { rekognitionRoutes } from '../../agent/local-cloud/rekognition/routes.ts';
import { RaiseAlerts } from '../../agent/raise-alerts.ts';
import { createStillDecoder } from '../../agent/sampler/decode.ts';
import { Secret } from '../../agent/secret.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { TrustedClock } from '../../agent/time/trusted-clock.ts';
import type { Alert } from '../../shared/alert.ts';
import { type SettingsInput, settingsSchema } from '../../shared/settings.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { accessKeyId, portOf, secretAccessKey } from '../local-cloud/hls-stage.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { cameraId, type Footage, itemsOf, PacedReader, paced, restarting, startMs } from './paced-footage.ts';

/** For one picture. A safety net. */
const decodePatienceMs = 120_000;

export type Outcome = {
  /** All of them, with paths, oldest first. */
  sightings: Sighting[];
  alerts: Alert[];
  /** Stills, by their second in the footage and how much of them moved. */
  sampled: { second: number; motionScore: number }[];
  /** Seconds of the stills the provider was asked for. */
  called: number[];
  failures: string[];
};

type Rule = NonNullable<SettingsInput['rules']>[number];

/** Fires for a person, unless changed. */
export function personRule(change: Partial<Rule> = {}): Rule {
  const webhook = { url: 'http://127.0.0.1/hook', secret: { env: 'HOOK_SECRET' } };
  // biome-ignore lint/suspicious/noThenProperty: the settings' own word
  return { id: 'person', when: { labels: ['Person'] }, then: [{ webhook }], ...change };
}

type Settings = Pick<SettingsInput, 'rules'> & {
  /** Seconds of the footage at which analysis is stopped, as the agent is, and started again. */
  restartsAt?: readonly number[];
  labels: NonNullable<SettingsInput['cameras']>[number]['labels'];
  /** Left out: local-cloud's detector. */
  provider?: LabelProvider;
};

/** Runs the footage through. Throws what a test should know of; cleans up behind itself. */
export async function footageToAlerts(
  footage: Footage,
  { rules, labels, restartsAt = [], provider }: Settings,
): Promise<Outcome> {
  const dir = await mkdtemp(join(tmpdir(), 'visits-'));
  const simulated = new SimulatedClock(startMs);
  const clock = new TrustedClock(simulated);
  clock.trust({ source: 'ntp', offsetMs: startMs - simulated.monotonicMs() });
  const outcome: Outcome = { sightings: [], alerts: [], sampled: [], called: [], failures: [] };
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => {
    if (fact.type === 'still.sampled') {
      outcome.sampled.push({ second: secondOf(fact.atMs), motionScore: fact.motionScore });
    } else if (fact.type === 'labels.detected') outcome.called.push(secondOf(fact.atMs));
    else if (fact.type === 'labels.failed') outcome.failures.push(fact.error.message);
  });
  const camera = { id: cameraId, url: 'rtsp://127.0.0.1/footage', labels };
  const settings = settingsSchema.parse({ cameras: [camera], rules, timeZone: 'UTC' });
  let running: Disposable | undefined;
  try {
    await using cloud = await startDetector();
    await using spool = await Spool.open({ dir: join(dir, 'spool'), maxBytes: 1e9, clock, facts });
    using sightings = new SightingStore({ dataDir: dir, clock, facts });
    using outbox = new Outbox({ file: join(dir, 'alerts.sqlite'), clock, facts, newId: randomUUID });
    using memory = new RuleMemoryStore({ dataDir: dir, clock });
    const reader = new PacedReader(spool);
    const start = () => {
      const stop = new AbortController();
      const raising = new RaiseAlerts({ settings, outbox, memory, destinationsOf: () => ['hook'], clock, facts });
      const analysis = analyse(
        {
          camera: { id: cameraId, labels: settings.cameras[0]?.labels },
          signal: stop.signal,
        },
        {
          ...{ clock, facts, sightings, rules: raising, spool: reader, latestStills: new Map() },
          journal: {
            follow: () => () => undefined,
            info: () => undefined,
            unexpected: error => outcome.failures.push(String(error)),
          },
          // Real time for what takes real time.
          decoder: createStillDecoder({ clock: systemClock, deadlineMs: decodePatienceMs }),
          providers: { of: () => provider ?? cloud.provider },
        },
      );
      const end = async () => {
        stop.abort();
        await analysis;
      };
      return { end, [Symbol.dispose]: () => stop.abort() };
    };
    let line = start();
    running = line;
    const restart = async () => {
      await line.end();
      line = start();
      running = line;
    };
    const items = restarting(paced(itemsOf(footage), reader, simulated), restartsAt, restart);
    await spool.write(cameraId, fragmentItems(items, { clock, cameraId, timeline: { startMs } }));
    await reader.caughtUp();
    await line.end();
    const range = { cameraId, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 1000, paths: true };
    outcome.sightings = sightings.between(range);
    outcome.alerts = outbox.list({ limit: 1000 }).toReversed();
    return outcome;
  } finally {
    running?.[Symbol.dispose]();
    await rm(dir, { recursive: true, force: true });
  }
}

export function secondOf(atMs: number): number {
  return (atMs - startMs) / 1000;
}

async function startDetector() {
  const detector = new PeopleDetector();
  // Its thread starts and loads its model with the first picture: that counts for no picture of the footage.
  await detector.detect(new Uint8Array());
  const server = createListener(rekognitionRoutes(detector), {
    ...{ accessKeyId, secretAccessKey: new Secret(secretAccessKey), clock: systemClock },
    onProblem: problem => {
      throw problem;
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${portOf(server)}`;
  const credentials = async () => ({ accessKeyId, secretAccessKey });
  return {
    provider: rekognition({ region: 'us-west-2', endpoint, credentials }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await detector[Symbol.asyncDispose]();
    },
  };
}
