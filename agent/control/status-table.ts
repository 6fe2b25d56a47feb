// The agent's status as a person reads it in a terminal. Pure.
import type { ReadAgentStatus } from '../../shared/agent-status.ts';
import { dollarWords } from '../../shared/budget.ts';
import { durationWords } from '../../shared/duration-words.ts';

type Camera = ReadAgentStatus['cameras'][number];
type Destination = NonNullable<ReadAgentStatus['destinations']>[number];
type Span = Camera['coverage']['spans'][number];

const kinds = [
  ['cloud', 'IN CLOUD'],
  ['disk', 'ON DISK'],
  ['lost', 'LOST'],
  ['offline', 'OFFLINE'],
  ['agent-down', 'AGENT OFF'],
  ['unknown', 'UNKNOWN'],
] as const;
const kindWords: Record<string, string> = { lost: 'lost', offline: 'camera offline', 'agent-down': 'agent off' };
/** Of each camera, the newest; a camera with bad Wi-Fi has hundreds a day. */
const gapsShown = 10;

/** Several lines, each with its end. Times are UTC. */
export function statusTable(status: ReadAgentStatus): string {
  const { cameras, nowMs, leaving = [], destinations = [] } = status;
  const sections = [
    `${headline(status)}${budgetLine(status)}`,
    table([['CAMERA', 'STATE', 'UPLOAD', 'WAITING', 'LAST STORED'], ...cameras.map(camera => stateRow(camera, nowMs))]),
    table([['LAST 24 H', ...kinds.map(([, words]) => words)], ...cameras.map(coverageRow)]),
    destinationTable(destinations, nowMs),
    lines(leaving.map(camera => `${camera.id}  removed, still to be sent: ${waitingWords(camera)}`)),
    lines(cameras.flatMap(camera => gapsOf(camera).map(gap => `${camera.id}  ${gap}`))),
    lines([...status.attention, ...cameras.flatMap(({ id, attention }) => attention.map(text => `${id}: ${text}`))]),
  ];
  return sections.filter(section => section !== '').join('\n');
}

function headline({ siteName, credentials, clock }: ReadAgentStatus): string {
  const parts = [siteName];
  if (credentials) parts.push(`credentials: ${credentials.source}`);
  if (clock) parts.push(`clock: ${clock.trusted ? (clock.source ?? 'trusted') : 'not trusted'}`);
  return `${parts.join(' · ')}\n`;
}

/** Nothing for who has no labels. */
function budgetLine({ budget }: ReadAgentStatus): string {
  if (!budget || budget.cameras.length === 0) return '';
  const limit = budget.limit === undefined ? '' : ` of ${budget.limit}`;
  const own = budget.cameras.flatMap(({ id, calls, limit }) =>
    limit === undefined ? [] : [`${id} ${calls} of ${limit}`],
  );
  const parts = [
    `labels today: ${budget.calls}${limit} pictures sent`,
    dollarWords(budget.dollars),
    `this month ${dollarWords(budget.month.dollars)}`,
    ...own,
  ];
  return `${parts.join(' · ')}\n`;
}

function stateRow({ id, state, sinceMs, upload }: Camera, nowMs: number): string[] {
  const { waitingFragments, waitingBytes, oldestWaitingMs, lastPersistedAckMs, etaSeconds } = upload;
  const behind = oldestWaitingMs === undefined ? '' : `, ${durationWords(nowMs - oldestWaitingMs)} behind`;
  const eta = etaSeconds === undefined ? '' : `, done in ${durationWords(etaSeconds * 1000)}`;
  return [
    id,
    `${state} ${durationWords(Math.max(0, nowMs - sinceMs))}`,
    upload.state,
    waitingFragments === 0 ? 'nothing' : `${waitingWords({ waitingFragments, waitingBytes })}${behind}${eta}`,
    lastPersistedAckMs === undefined ? 'never' : `${durationWords(Math.max(0, nowMs - lastPersistedAckMs))} ago`,
  ];
}

function destinationTable(destinations: Destination[], nowMs: number): string {
  if (destinations.length === 0) return '';
  const rows = destinations.map(({ id, waiting, dead, oldestWaitingMs, lastDeliveredMs }) => {
    const since =
      oldestWaitingMs === undefined ? '' : `, the oldest ${durationWords(Math.max(0, nowMs - oldestWaitingMs))}`;
    return [
      ...[id, waiting === 0 ? 'nothing' : `${waiting}${since}`, dead === 0 ? '-' : String(dead)],
      lastDeliveredMs === undefined ? 'never' : `${durationWords(Math.max(0, nowMs - lastDeliveredMs))} ago`,
    ];
  });
  return table([['ALERTS TO', 'WAITING', 'GIVEN UP', 'LAST DELIVERED'], ...rows]);
}

function coverageRow({ id, coverage }: Camera): string[] {
  const words = (ms = 0) => (ms === 0 ? '-' : durationWords(ms));
  return [id, ...kinds.map(([kind]) => words(coverage.totalsMs[kind]))];
}

function gapsOf({ coverage }: Camera): string[] {
  const gaps = coverage.spans.filter(({ at }) => Object.hasOwn(kindWords, at));
  const hidden = Math.max(0, gaps.length - gapsShown);
  return [...(hidden === 0 ? [] : [`${hidden} earlier gaps, see --json`]), ...gaps.slice(hidden).map(gapWords)];
}

function gapWords({ startMs, endMs, at, reason }: Span): string {
  const [from, to] = [startMs, endMs].map(ms => new Date(ms).toISOString().slice(0, 19));
  const why = reason === undefined ? '' : `: ${reason}`;
  return `${from} to ${to}Z  ${durationWords(endMs - startMs)}  ${kindWords[at] ?? at}${why}`;
}

function waitingWords({ waitingFragments, waitingBytes }: { waitingFragments: number; waitingBytes: number }): string {
  return `${waitingFragments} · ${megabytes(waitingBytes)}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function table(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  return lines(rows.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')));
}

function lines(texts: string[]): string {
  return texts.map(text => `${text.trimEnd()}\n`).join('');
}
