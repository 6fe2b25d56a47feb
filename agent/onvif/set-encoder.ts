// Changes how a camera encodes, when somebody asked for it: reads what is set, writes it back with the changes, and reads
// again what came of it. Nothing is put back by itself.
import { changedEncoder, type Encoder, type EncoderChanges, readVideoEncoder } from './answers/encoder-edit.ts';
import { expectAnswer } from './answers/fault.ts';
import type { EncoderSettings, OnvifProfile } from './answers/profile-answers.ts';
import type { Calls } from './calls.ts';
import { answerError, onvifError } from './onvif-errors.ts';
import { getVideoEncoder, setVideoEncoder } from './soap/requests.ts';

export type EncoderOutcome = {
  before: EncoderSettings;
  /** As the camera tells it afterwards: it may have rounded, or ignored, what was asked for. */
  after: EncoderSettings;
};

/** Cameras restart their encoder before they answer. */
const settingMs = 20_000;

/** Rejects with an AgentError, or with the signal's reason. */
export async function setEncoder(
  calls: Calls,
  profile: OnvifProfile,
  { changes, signal }: { changes: EncoderChanges; signal?: AbortSignal | undefined },
): Promise<EncoderOutcome> {
  const { host } = calls.camera;
  const { media, video } = profile;
  if (!video) throw onvifError('notOffered', { host, detail: 'video in this profile' });
  const about = { todo: 'change how it encodes video', offer: 'changes of this setting', signal };
  const read = (): Promise<Encoder> =>
    calls.ask({
      ...about,
      service: media,
      request: getVideoEncoder(media, video.token),
      read: content => readVideoEncoder(content, media, video.token),
    });
  const before = await read();
  await calls.ask({
    ...about,
    service: media,
    request: setVideoEncoder(media, written(before, profile, { changes, host })),
    deadlineMs: settingMs,
    read: content => expectAnswer(content, 'SetVideoEncoderConfiguration'),
  });
  const after = await read();
  return { before: before.settings, after: after.settings };
}

function written(
  encoder: Encoder,
  { media }: OnvifProfile,
  { changes, host }: { changes: EncoderChanges; host: string },
): string {
  try {
    return changedEncoder(encoder, media, changes);
  } catch (error) {
    throw answerError(error, { host, todo: 'change how it encodes video', offer: 'changes of this setting' });
  }
}
