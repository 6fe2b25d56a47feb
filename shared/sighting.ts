// One thing seen for a time: a person's visit, a parked car, a label of the whole scene while it lasts.

/** Fractions of the picture's width and height, 0–1, origin top left. The form Rekognition uses. */
export type Box = { left: number; top: number; width: number; height: number };

/** Where it was, and from when to when it stayed there. Producer timestamps. */
export type Observation = {
  atMs: number;
  /** Last seen there; left out while it was seen on one picture only. */
  untilMs?: number;
  /** 0–100. */
  confidence: number;
  box?: Box;
};

export type Sighting = {
  id: string;
  cameraId: string;
  /** Producer timestamp of the first frame it was seen on: equals the timecode of that frame in its fragment. */
  atMs: number;
  /** Of the last frame; left out while it was seen on one only. */
  untilMs?: number;
  label: string;
  /** 0–100: the best of all frames. */
  confidence: number;
  /** On the frame of the best confidence. Absent for labels that describe the whole scene. */
  box?: Box;
  /** Oldest first; one entry for each place it was at. Facts and live events have the last only; left out in lists of all cameras. */
  path?: Observation[];
};

/** What a frame shows of something: what rules look at. `sighting` is as it is after the frame. */
export type Seen = { sighting: Sighting; observation: Observation; isNew: boolean };
