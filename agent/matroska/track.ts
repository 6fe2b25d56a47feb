// What the reader finds and the writer writes: tracks and frames, with nothing of KVS in them.

export type VideoTrack = {
  type: 'video';
  /** As the blocks name it, ≥ 1. */
  number: number;
  /** `V_MPEG4/ISO/AVC`, `V_MPEGH/ISO/HEVC`, … */
  codecId: string;
  /** avcC or hvcC for H.264 and H.265; empty when the container has none. */
  codecPrivate: Uint8Array;
  width: number;
  height: number;
};

export type AudioTrack = {
  type: 'audio';
  number: number;
  /** `A_AAC`, `A_MS/ACM`, … */
  codecId: string;
  /** AudioSpecificConfig for AAC, WAVEFORMATEX for A_MS/ACM. */
  codecPrivate: Uint8Array;
  /** Hz. */
  sampleRate: number;
  channels: number;
};

export type Track = VideoTrack | AudioTrack;

export type Frame = {
  trackNumber: number;
  /** Presentation time in the segment's timeline, milliseconds (cluster timecode + block timecode). */
  timecodeMs: number;
  keyFrame: boolean;
  /** One access unit as the container holds it: length-prefixed NAL units for H.264 and H.265, raw AAC without ADTS. */
  data: Uint8Array;
};
