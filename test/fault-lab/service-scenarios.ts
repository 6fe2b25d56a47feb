// A service that misbehaves on schedule, met by a camera, a spool and an uploader that know nothing of it.
import type { FaultReport } from '../../agent/local-cloud/faults/faults.ts';
import type { LabCloud } from './lab-cloud.ts';
import type { Pipeline } from './pipeline.ts';
import { type LabSize, type Outcome, patienceMs, type Scenario, until } from './scenario.ts';
import { type ServiceFault, serviceFaults } from './service-faults.ts';
import { nowMs, Site } from './site.ts';

const shortMs = 4000;

export const serviceScenarios: readonly Scenario[] = [
  ...serviceFaults.map((row): Scenario => {
    const { name, forgets = false } = row;
    return { name, forgets, run: size => runServiceFault(row, size) };
  }),
  { name: 'token expired in mid-session', run: size => runExpiry(size) },
];

async function runServiceFault({ faults, longSeconds = 20 }: ServiceFault, size: LabSize): Promise<Outcome> {
  const forMs = size === 'short' ? shortMs : longSeconds * 1000;
  return runWithFault(size, {
    begin: cloud => cloud.faults.put(faults(forMs)),
    isOver: (cloud, sinceMs) => cloud.faults.report().faults.every(report => isOver(report, sinceMs, forMs)),
  });
}

/** The key is renewed only after the old one failed for a while. */
async function runExpiry(size: LabSize): Promise<Outcome> {
  const forMs = size === 'short' ? shortMs : 20_000;
  let accessKeyId = 'local';
  return runWithFault(size, {
    accessKeyId: () => accessKeyId,
    begin: cloud => cloud.faults.put([{ fault: 'token-expired', accessKeyId: 'local', renewedAccessKeyId: 'renewed' }]),
    isOver: (_, sinceMs) => {
      if (nowMs() - sinceMs < forMs) return false;
      accessKeyId = 'renewed';
      return true;
    },
  });
}

type Course = {
  accessKeyId?: () => string;
  begin: (cloud: LabCloud) => void;
  isOver: (cloud: LabCloud, sinceMs: number) => boolean;
};

async function runWithFault(size: LabSize, { accessKeyId, begin, isOver: faultIsOver }: Course): Promise<Outcome> {
  await using site = await Site.open(size);
  await using pipeline = await site.start(accessKeyId ? { accessKeyId } : {});
  await site.running(pipeline);
  const beganMs = nowMs();
  const putMediaBefore = site.putMediaRequests;
  begin(site.cloud);
  await until('the fault is over', () => faultIsOver(site.cloud, beganMs), patienceMs[size]);
  const overMs = nowMs();
  const attempts = attemptsOf(site, pipeline, { beganMs, putMediaBefore });
  const recoveryMs = await site.recovery(pipeline, overMs);
  await site.drain(pipeline);
  return { ...(await site.balance()), faultMs: overMs - beganMs, attempts, recoveryMs };
}

/** A fault with `times` is also over when nothing ran into it for its time. */
function isOver({ state, fault }: FaultReport, sinceMs: number, forMs: number): boolean {
  if (state === 'over') return true;
  return fault.forMs === undefined && nowMs() - sinceMs > forMs;
}

/** Requests that ran into the fault; sessions when it strikes within them; the agent's own count when nobody listens. */
function attemptsOf(
  site: Site,
  pipeline: Pipeline,
  { beganMs, putMediaBefore }: { beganMs: number; putMediaBefore: number },
): number {
  const [first] = site.cloud.faults.report().faults;
  const kind = first?.fault.fault;
  if (kind === 'refuse') return pipeline.connectsSince(beganMs);
  if (kind === 'reset' || kind === 'half-open' || kind === 'answer' || kind === 'token-expired') return first?.met ?? 0;
  return site.putMediaRequests - putMediaBefore;
}
