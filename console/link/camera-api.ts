// What the console asks of single cameras before and after they are added: searching for them, checking them, and changing
// them. Passwords travel in the bodies of these requests and nowhere else.
import type { CameraEdited, CameraRemoved, ImportAnswer } from '../../shared/api.ts';
import type { CameraCheck, CameraCheckRequest } from '../../shared/camera-check.ts';
import type { CameraChanges, ImportRequest, NewCamera, ShownCamera } from '../../shared/camera-edits.ts';
import type { DiscoveryEvent, DiscoveryRequest } from '../../shared/discovery.ts';
import { ApiFailure, ask, cameraPath, read } from './agent-api.ts';

/** A little more than the agent itself takes before it gives up. */
const CHECK_TIMEOUT_MS = 100_000;
/** A scan of a thousand addresses takes a minute; a list of a thousand cameras is written in one go. */
const SEARCH_TIMEOUT_MS = 300_000;
const IMPORT_TIMEOUT_MS = 60_000;
/** The search of a page that was just left ends within a moment. */
const BUSY_PAUSE_MS = 500;
const BUSY_TRIES = 6;

/** Whatever the camera does ends in findings; rejects when it may not be checked, or the check was given up. */
export async function checkCamera(asked: CameraCheckRequest, signal: AbortSignal): Promise<CameraCheck> {
  return read(await ask('POST', '/api/camera-check', { body: asked, signal, timeoutMs: CHECK_TIMEOUT_MS }));
}

export async function addCamera(camera: NewCamera): Promise<CameraEdited> {
  return read(await ask('POST', '/api/cameras', { body: camera }));
}

export async function loadCameraSettings(cameraId: string): Promise<ShownCamera> {
  return read(await ask('GET', `${cameraPath(cameraId)}/settings`));
}

export async function changeCamera(cameraId: string, changes: CameraChanges): Promise<CameraEdited> {
  return read(await ask('PATCH', cameraPath(cameraId), { body: changes }));
}

/** `force` takes the camera out of the rules that name it. Rejects with `camera-in-rules` without it. */
export async function removeCamera(cameraId: string, { force }: { force: boolean }): Promise<CameraRemoved> {
  return read(await ask('DELETE', `${cameraPath(cameraId)}${force ? '?force=true' : ''}`));
}

export async function importCameras(request: ImportRequest): Promise<ImportAnswer> {
  return read(await ask('POST', '/api/cameras/import', { body: request, timeoutMs: IMPORT_TIMEOUT_MS }));
}

/** Events as they happen, `done` last. Rejects with an ApiFailure, also when the search broke off. */
export async function* searchCameras(asked: DiscoveryRequest, signal: AbortSignal): AsyncGenerator<DiscoveryEvent> {
  const { body } = await beginSearch(asked, signal);
  let isDone = false;
  for await (const line of linesOf(body, signal)) {
    const event = JSON.parse(line) as DiscoveryEvent;
    isDone = event.type === 'done';
    yield event;
  }
  if (!isDone) throw new ApiFailure(200, 'search-ended', 'The search broke off before its end.');
}

async function beginSearch(asked: DiscoveryRequest, signal: AbortSignal): Promise<Response> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask('POST', '/api/discovery', { body: asked, signal, timeoutMs: SEARCH_TIMEOUT_MS });
    } catch (error) {
      const isBusy = error instanceof ApiFailure && error.code === 'search-running';
      if (!isBusy || tries === BUSY_TRIES) throw error;
      await new Promise(resolve => setTimeout(resolve, BUSY_PAUSE_MS));
      signal.throwIfAborted();
    }
  }
}

async function* linesOf(body: Response['body'], signal: AbortSignal): AsyncGenerator<string> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const read = await reader?.read();
      if (!read || read.done) break;
      const lines = `${rest}${read.value}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter(line => line !== '');
    }
  } catch {
    // The connection broke: what is missing is the last event.
    signal.throwIfAborted();
  } finally {
    await reader?.cancel().catch(() => {});
  }
}
