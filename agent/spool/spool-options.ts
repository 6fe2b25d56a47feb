// What a spool is opened with, and the limits that follow from it.
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import { freeBytesOf, type Limits } from './make-room.ts';

const hourMs = 3_600_000;
/** Of all cameras together, in memory-first mode. */
const defaultMemoryBytes = 64 * 1024 * 1024;
const defaultMemorySeconds = 30;

export type SpoolOptions = {
  dir: string;
  maxBytes: number;
  clock: Clock;
  facts: Facts;
  /** Left out: 0. */
  minFreeBytes?: number;
  /** Left out: no fragment is too old. */
  maxAgeHours?: number | undefined;
  /** Left out: delete-oldest. */
  whenFull?: 'delete-oldest' | 'deny-new';
  /** Left out: disk-first. */
  mode?: 'disk-first' | 'memory-first';
  memorySeconds?: number;
  memoryBytes?: number;
  /** How long a camera's persisted fragments stay; 0: until their room is needed. */
  localRetentionHours?: (cameraId: string) => number;
  /** Earlier times are provisional: the device did not know the time when it recorded. Left out: it always does. */
  provisionalBeforeMs?: number;
  /** Room on the disk that holds the spool. Left out: the system is asked. */
  freeBytes?: () => Promise<number>;
};

export function limitsOf(options: SpoolOptions): Limits {
  const { dir, maxBytes, minFreeBytes = 0, maxAgeHours, whenFull, localRetentionHours, freeBytes } = options;
  return {
    maxBytes,
    minFreeBytes,
    maxAgeMs: maxAgeHours === undefined ? Number.POSITIVE_INFINITY : maxAgeHours * hourMs,
    evictWaiting: whenFull !== 'deny-new',
    retentionMs: cameraId => (localRetentionHours?.(cameraId) ?? 0) * hourMs,
    freeBytes: freeBytes ?? (() => freeBytesOf(dir)),
  };
}

/** Undefined in disk-first mode. */
export function memoryOf(options: SpoolOptions): { keepMs: number; maxBytes: number } | undefined {
  if (options.mode !== 'memory-first') return undefined;
  return {
    keepMs: (options.memorySeconds ?? defaultMemorySeconds) * 1000,
    maxBytes: options.memoryBytes ?? defaultMemoryBytes,
  };
}
