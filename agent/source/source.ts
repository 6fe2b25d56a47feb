// The one shape every kind of camera has for the rest of the pipeline.
import type { Frame, Track } from '../matroska/track.ts';

/**
 * A camera session begins with its tracks; then its frames follow in decode order, with the camera's own timeline
 * (milliseconds from an arbitrary start). A later `tracks` item begins a new session with a new timeline.
 */
export type SourceItem =
  | { type: 'tracks'; tracks: Track[] }
  | { type: 'frame'; frame: Frame }
  /** The session is over, and nobody knows when the next one begins: what was begun need not wait for it. */
  | { type: 'end' };

/** Endless until `signal` aborts: reconnects by itself, publishes `camera.state` facts, never throws for what a camera does. */
export type Source = { items(signal: AbortSignal): AsyncIterable<SourceItem> };
