// Which of a camera's tracks go on: one video, at most one audio, in codecs Kinesis Video Streams takes.
// They are renumbered to what its HLS wants, video 1 and audio 2, so that equal streams have equal tracks.

import { type VideoCodec, videoCodecOf } from '../codec/nal.ts';
import type { AgentError } from '../errors.ts';
import type { AudioTrack, Track, VideoTrack } from '../matroska/track.ts';
import { audioUnsupported, noVideo, videoUnsupported } from './camera-problem.ts';

export const videoTrackNumber = 1;
const audioTrackNumber = 2;

export type AcceptedTracks = {
  video: VideoTrack;
  codec: VideoCodec;
  audio?: AudioTrack;
  /** The camera's number of a track → ours. Frames of other tracks are left out. */
  numbers: Map<number, number>;
  /** Why an audio track was left out. */
  problem?: AgentError;
};

/** @throws AgentError `camera-no-video`, `camera-codec-unsupported` when there is no video to go on with */
export function acceptTracks(cameraId: string, tracks: readonly Track[]): AcceptedTracks {
  const videos = tracks.filter(track => track.type === 'video');
  const video = videos.find(track => videoCodecOf(track.codecId));
  const codec = video && videoCodecOf(video.codecId);
  if (!video || !codec) {
    const [other] = videos;
    throw other ? videoUnsupported(cameraId, other.codecId) : noVideo(cameraId);
  }
  const audios = tracks.filter(track => track.type === 'audio');
  const audio = audios.find(isAcceptedAudio);
  const accepted: AcceptedTracks = {
    video: { ...video, number: videoTrackNumber },
    codec,
    numbers: new Map([[video.number, videoTrackNumber]]),
  };
  if (audio) {
    accepted.audio = { ...audio, number: audioTrackNumber };
    accepted.numbers.set(audio.number, audioTrackNumber);
  } else if (audios[0]) {
    accepted.problem = audioUnsupported(cameraId, audios[0].codecId);
  }
  return accepted;
}

/** AAC that says how it is coded, or G.711 (WAVEFORMATEX tags 6 A-law, 7 µ-law). */
function isAcceptedAudio({ codecId, codecPrivate }: AudioTrack): boolean {
  if (codecId === 'A_AAC') return codecPrivate.length >= 2;
  const formatTag = (codecPrivate[0] ?? 0) | ((codecPrivate[1] ?? 0) << 8);
  return codecId === 'A_MS/ACM' && codecPrivate.length >= 16 && (formatTag === 6 || formatTag === 7);
}
