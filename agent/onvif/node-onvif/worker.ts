// node-onvif on a thread of its own: one question, one answer, and then the thread is ended by whoever started it. Only its
// media service is used, on an address that was checked before; of what it makes of the answer, only the XML goes back.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { NodeOnvifJob, NodeOnvifResult, NodeOnvifSays } from './node-onvif.ts';

type MediaService = {
  getProfiles(): Promise<{ soap: string }>;
  getStreamUri(params: { ProfileToken: string; Protocol: 'RTSP' }): Promise<{ soap: string }>;
  getSnapshotUri(params: { ProfileToken: string }): Promise<{ soap: string }>;
};
type MediaServiceClass = new (params: { xaddr: string; user: string; pass: string; time_diff: number }) => MediaService;

/** No camera's answer is longer; our own client takes no more either. */
const mostCharacters = 2 ** 20;

async function answer({ xaddr, user, pass, offsetMs, question }: NodeOnvifJob): Promise<NodeOnvifResult> {
  // It calls `new Buffer`, and is not going to change.
  process.noDeprecation = true;
  const Media: MediaServiceClass = createRequire(import.meta.url)('node-onvif/lib/modules/service-media.js');
  const media = new Media({ xaddr, user, pass, time_diff: offsetMs });
  send('asking');
  const { soap } = await ask(media, question);
  return soap.length > mostCharacters ? {} : { xml: soap };
}

function ask(media: MediaService, question: NodeOnvifJob['question']): Promise<{ soap: string }> {
  switch (question.operation) {
    case 'GetProfiles':
      return media.getProfiles();
    case 'GetStreamUri':
      return media.getStreamUri({ ProfileToken: question.profileToken, Protocol: 'RTSP' });
    case 'GetSnapshotUri':
      return media.getSnapshotUri({ ProfileToken: question.profileToken });
  }
}

function send(said: NodeOnvifSays): void {
  parentPort?.postMessage(said);
}

// Its errors quote what the camera said; what they mean was told by our own client already. Not awaited: it may never end.
answer(workerData).then(send, () => send({}));
