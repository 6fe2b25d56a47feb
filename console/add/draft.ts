// A camera on its way into the settings: what is known of it, what was chosen, and what is asked of the agent for it. Pure;
// the password is not part of it.
import type { CameraCheck, CameraCheckRequest, ProfileFacts } from '../../shared/camera-check.ts';
import type { NewCamera } from '../../shared/camera-edits.ts';
import type { Problem } from '../../shared/camera-status.ts';
import type { Candidate } from './candidate.ts';

export type CheckState =
  | { at: 'none' }
  | { at: 'waiting' }
  | { at: 'running' }
  | { at: 'done'; check: CameraCheck }
  | { at: 'failed'; problem: Problem };

export type AddState = { at: 'not-yet' } | { at: 'adding' } | { at: 'added' } | { at: 'refused'; problem: Problem };

export type Draft = {
  candidate: Candidate;
  username: string;
  check: CheckState;
  /** Of its ONVIF service, when that told them. */
  profiles: readonly ProfileFacts[];
  /** ONVIF answered and let us in. */
  onvifWorks: boolean;
  /** Of the stream that is to be recorded; empty while it is not known. */
  url: string;
  tlsFingerprint: string | undefined;
  transcode: boolean;
  id: string;
  /** Empty: the id. */
  stream: string;
  audio: boolean;
  labels: boolean;
  added: AddState;
};

/** `taken`: ids that are in use. */
export function draftOf(candidate: Candidate, taken: ReadonlySet<string>): Draft {
  return {
    ...{ candidate, username: '', check: { at: 'none' }, profiles: [], onvifWorks: false },
    ...{ url: candidate.onvifUrl === candidate.url ? '' : (candidate.url ?? ''), tlsFingerprint: undefined },
    ...{ transcode: false, id: suggestedId(candidate.title, taken), stream: '', audio: true, labels: false },
    added: { at: 'not-yet' },
  };
}

/** Lower-case letters, digits and dashes from a name, with a number when it is taken. */
export function suggestedId(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const base = plain.slice(0, 58).replace(/-+$/, '') || 'camera';
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(id)) return id;
  }
}

/** Why a name cannot be used; undefined when it can. */
export function idProblem(id: string, taken: ReadonlySet<string>): string | undefined {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(id)) return 'Use lower-case letters, digits, - and _, at most 63 of them.';
  return taken.has(id) ? `There is another camera ${id}. How about ${suggestedId(id, taken)}?` : undefined;
}

/** What a check of it asks for. The stream once it is chosen, before that the device, which tells its streams. */
export function checkRequest(
  { candidate, url, username, tlsFingerprint }: Draft,
  password: string,
): CameraCheckRequest {
  return {
    url: url === '' ? candidate.url : url,
    ...(username === '' ? {} : { username, password }),
    ...(tlsFingerprint === undefined ? {} : { tlsFingerprint }),
    cost: true,
  };
}

/** What a check has shown, taken over: the streams, and which of them was looked at. */
export function checked(draft: Draft, check: CameraCheck): Draft {
  const { onvif } = check.facts;
  const profiles = onvif && onvif.profiles.length > 0 ? onvif.profiles : draft.profiles;
  const looked = profiles.find(profile => profile.checked) ?? profiles.find(({ url }) => url !== undefined);
  return {
    ...draft,
    check: { at: 'done', check },
    profiles,
    onvifWorks: draft.onvifWorks || (onvif !== undefined && onvif.problem === undefined),
    url: draft.url === '' ? (looked?.url ?? '') : draft.url,
  };
}

export function newCamera(draft: Draft, password: string): NewCamera {
  const { candidate, id, url, username, tlsFingerprint, stream, transcode, audio, labels, onvifWorks } = draft;
  return {
    ...{ id, url },
    ...(username === '' ? {} : { username }),
    ...(username === '' || password === '' ? {} : { password }),
    ...(tlsFingerprint === undefined ? {} : { tlsFingerprint }),
    ...(onvifWorks && candidate.onvifUrl !== undefined ? { onvif: { url: candidate.onvifUrl } } : {}),
    ...(stream === '' || stream === id ? {} : { stream }),
    ...(transcode ? { video: 'transcode' } : {}),
    ...(audio ? {} : { audio: 'off' }),
    ...(labels ? { labels: { provider: 'rekognition' } } : {}),
  };
}
