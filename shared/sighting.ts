// A label seen on one sampled frame.

/** Fractions of the picture's width and height, 0–1, origin top left. The form Rekognition uses. */
export type Box = { left: number; top: number; width: number; height: number };

export type Sighting = {
  id: string;
  cameraId: string;
  /** Producer timestamp of the frame: equals the timecode of that frame in its fragment. */
  atMs: number;
  label: string;
  /** 0–100. */
  confidence: number;
  /** Absent for labels that describe the whole scene. */
  box?: Box;
};
