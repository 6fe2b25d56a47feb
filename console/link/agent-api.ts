// Every request the console makes of its agent (shared/api.ts). An answer that is not 2xx becomes an ApiFailure; a 401
// outside sign-in also reports that the session has ended. The casts here are the door: the agent is of the same build.
import type {
  ApiError,
  CamerasAnswer,
  FootageAnswer,
  LabelPausesAnswer,
  PlaybackAnswer,
  PlaybackRequest,
  SightingsAnswer,
} from '../../shared/api.ts';

const TIMEOUT_MS = 15_000;

/** A request that did not succeed. `status` is 0 when the agent did not answer at all. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly status: number;
  readonly code: string;
  /** Settings that are wrong, by their path. */
  readonly fields: NonNullable<ApiError['fields']>;

  constructor(status: number, code: string, message: string, fields: ApiError['fields'] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

export type TimeRange = { fromMs: number; toMs: number };
export type Page = { limit: number; beforeMs?: number | undefined };

let reportSignedOut = () => {};

/** Sets what happens when any request finds the session ended. */
export function onSignedOut(report: () => void): void {
  reportSignedOut = report;
}

/** Signs in. Rejects with status 401 for a wrong password and 429 after too many tries. */
export async function signIn(password: string): Promise<void> {
  await send('POST', '/api/session', { body: { password } });
}

export async function signOut(): Promise<void> {
  await ask('DELETE', '/api/session');
}

/** Resolves when the session is good. */
export async function checkSession(): Promise<void> {
  await ask('GET', '/api/session');
}

export async function loadCameras(): Promise<CamerasAnswer> {
  return read(await ask('GET', '/api/cameras'));
}

export async function loadLabelPauses(cameraId: string, range: TimeRange): Promise<LabelPausesAnswer> {
  return read(await ask('GET', `${cameraPath(cameraId)}/label-pauses?${query(range)}`));
}

export async function loadFootage(cameraId: string, range: TimeRange): Promise<FootageAnswer> {
  return read(await ask('GET', `${cameraPath(cameraId)}/footage?${query(range)}`));
}

export async function loadCameraSightings(cameraId: string, range: TimeRange): Promise<SightingsAnswer> {
  return read(await ask('GET', `${cameraPath(cameraId)}/sightings?${query(range)}`));
}

export async function openPlayback(cameraId: string, request: PlaybackRequest): Promise<PlaybackAnswer> {
  return read(await ask('POST', `${cameraPath(cameraId)}/playback`, { body: request }));
}

export async function loadSightings(page: Page): Promise<SightingsAnswer> {
  return read(await ask('GET', `/api/sightings?${query(page)}`));
}

/** The camera's newest still; `atMs` makes the address new when the picture is. */
export function cameraStillUrl(cameraId: string, atMs: number): string {
  return `${cameraPath(cameraId)}/still.jpg?at=${atMs}`;
}

/** The frame it was seen best on; `confidence` makes the address new when a better one comes. */
export function sightingStillUrl(sightingId: string, confidence: number): string {
  return `/api/sightings/${encodeURIComponent(sightingId)}/still.jpg?confidence=${confidence}`;
}

/** The path of a camera's own part of the API. */
export function cameraPath(cameraId: string): string {
  return `/api/cameras/${encodeURIComponent(cameraId)}`;
}

/** As the query of an address; what is undefined is left out. */
export function query(values: Record<string, number | string | undefined>): string {
  const given = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  return new URLSearchParams(given).toString();
}

export type AskOptions = {
  body?: unknown;
  /** Ends the request. */
  signal?: AbortSignal;
  /** How long the agent may take to answer. Default 15 s. */
  timeoutMs?: number;
};

/** Asks the agent. Rejects with an ApiFailure, or with the signal's reason. */
export async function ask(method: string, path: string, options: AskOptions = {}): Promise<Response> {
  try {
    return await send(method, path, options);
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 401) reportSignedOut();
    throw error;
  }
}

async function send(
  method: string,
  path: string,
  { body, signal, timeoutMs = TIMEOUT_MS }: AskOptions,
): Promise<Response> {
  const late = AbortSignal.timeout(timeoutMs);
  const init: RequestInit = { method, signal: signal ? AbortSignal.any([signal, late]) : late };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await fetch(path, init).catch(() => {
    signal?.throwIfAborted();
    throw new ApiFailure(0, 'agent-unreachable', 'The agent does not answer.');
  });
  if (!response.ok) throw await failureOf(response);
  return response;
}

async function failureOf(response: Response): Promise<ApiFailure> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body) {
    const fields = 'fields' in body && Array.isArray(body.fields) ? (body.fields as ApiError['fields']) : undefined;
    return new ApiFailure(response.status, String(body.code), String(body.message), fields);
  }
  return new ApiFailure(response.status, `http-${response.status}`, `The agent answered with ${response.status}.`);
}

/** The answer's JSON. */
export async function read<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiFailure(response.status, 'answer-unreadable', 'The agent’s answer could not be read.');
  }
}
