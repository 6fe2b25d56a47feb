// A receiver of the agent's webhooks that prints one line for each alert. The demo runs it; it also shows what a
// receiver of one's own has to do: verify the signature over the raw body, and take each webhook-id once.
//   HOOK_SECRET=… node scripts/webhook-receiver.ts --port 9000 [--listen 127.0.0.1] [--json]
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';

const maxBodyBytes = 1024 * 1024;
/** Enough to recognise every repetition of a retrying sender; bounded, because receivers run for months. */
const rememberedIds = 10_000;

const alertSchema = z.object({
  type: z.literal('alert.raised'),
  data: z.object({
    ruleId: z.string(),
    cameraId: z.string().optional(),
    why: z.string(),
    at: z.iso.datetime(),
    sightings: z.array(z.object({ label: z.string(), confidence: z.number() })),
    link: z.string().optional(),
  }),
});

/** `again`: verified, but its id was here before. */
export type Reception =
  | { type: 'alert' | 'again'; id: string; alert: z.infer<typeof alertSchema> }
  | { type: 'refused'; status: number; reason: string };

export type Receiver = { url: string; server: Server; close(): Promise<void> };

export type ReceiverOptions = {
  /** 0 lets the system choose. */
  port: number;
  listen: string;
  /** `whsec_` and base64, or plain text. */
  secret: string;
  onReception(reception: Reception): void;
};

/** Resolves when it listens; rejects with the system's error when it cannot. */
async function receiveWebhooks({ port, listen, secret, onReception }: ReceiverOptions): Promise<Receiver> {
  const webhook = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  const seen = new Set<string>();
  const server = createServer(async (request, response) => {
    const reception = await receive(request, webhook, seen).catch(
      (): Reception => ({ type: 'refused', status: 400, reason: 'the request broke off' }),
    );
    answer(response, reception);
    onReception(reception);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, listen, resolve));
  const address = server.address();
  const chosenPort = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${listen.includes(':') ? `[${listen}]` : listen}:${chosenPort}`,
    server,
    close() {
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

async function receive(request: IncomingMessage, webhook: Webhook, seen: Set<string>): Promise<Reception> {
  if (request.method !== 'POST') return { type: 'refused', status: 405, reason: 'only POST is served' };
  const body = await bodyOf(request);
  if (body === undefined) return { type: 'refused', status: 413, reason: 'the body is too large' };
  try {
    const parsed = alertSchema.safeParse(webhook.verify(body, headersOf(request)));
    if (!parsed.success) return { type: 'refused', status: 400, reason: 'signed, but not an alert' };
    const id = String(request.headers['webhook-id']);
    return { type: remember(id, seen) ? 'alert' : 'again', id, alert: parsed.data };
  } catch (error) {
    if (error instanceof WebhookVerificationError) return { type: 'refused', status: 401, reason: error.message };
    return { type: 'refused', status: 400, reason: 'signed, but not JSON' };
  }
}

/** Undefined when there is more than the limit. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}

/** False when the id was known. */
function remember(id: string, seen: Set<string>): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  for (const oldest of seen) {
    if (seen.size <= rememberedIds) break;
    seen.delete(oldest);
  }
  return true;
}

function answer(response: ServerResponse, reception: Reception): void {
  if (reception.type === 'refused') {
    response.writeHead(reception.status, { 'content-type': 'text/plain', connection: 'close' }).end(reception.reason);
  } else response.writeHead(204).end();
}

/** `✓ signature verified · Person 94 % · front-door · 07:41:12`, in the local time of this machine. */
function lineOf(reception: Reception): string {
  if (reception.type === 'refused') return `✗ refused (${reception.status}) · ${reception.reason}`;
  const { sightings, cameraId, why, at, link } = reception.alert.data;
  const seen = sightings.map(({ label, confidence }) => `${label} ${Math.round(confidence)} %`).join(', ');
  const time = new Date(at).toLocaleTimeString('en-GB');
  const mark = reception.type === 'again' ? '✓ signature verified, again' : '✓ signature verified';
  return [mark, seen || why, cameraId, time, link].filter(part => part !== undefined).join(' · ');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      listen: { type: 'string', default: '127.0.0.1' },
      json: { type: 'boolean', default: false },
    },
  });
  const secret = process.env.HOOK_SECRET;
  const port = Number(values.port);
  if (!secret) throw new Error('Set HOOK_SECRET to the secret that the agent signs with.');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port takes a number from 0 to 65535.');

  const print = (reception: Reception) => console.log(values.json ? JSON.stringify(reception) : lineOf(reception));
  const receiver = await receiveWebhooks({ port, listen: values.listen, secret, onReception: print });
  console.log(values.json ? JSON.stringify({ type: 'listening', url: receiver.url }) : `listening on ${receiver.url}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void receiver.close());
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  });
}
