// Durations, ages and sizes as people say them. Pure; every time is an argument.

/** `3 s`, `4 min`, `2 h 5 min`, `3 d`: rounded down, so that an age is never overstated. Negative counts as 0. */
export function durationWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} d`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** `just now`, `12 s ago`, `4 min ago`. */
export function ageWords(atMs: number, nowMs: number): string {
  return nowMs - atMs < 2000 ? 'just now' : `${durationWords(nowMs - atMs)} ago`;
}

/** `now`, `in 12 s`. Rounded up: a countdown that says 0 s while one still waits looks stuck. */
export function inWords(atMs: number, nowMs: number): string {
  const ms = Math.ceil((atMs - nowMs) / 1000) * 1000;
  return ms <= 0 ? 'now' : `in ${durationWords(ms)}`;
}

/** Binary units, as `spool.maxBytes` in the settings: `640 KiB`, `24 MiB`, `1.5 GiB`. */
export function bytesWords(bytes: number): string {
  const kib = bytes / 1024;
  if (kib < 1024) return `${Math.ceil(kib)} KiB`;
  const mib = kib / 1024;
  return mib < 1024 ? `${mib.toFixed(mib < 10 ? 1 : 0)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

/** `1 fragment`, `12 fragments`. */
export function countWords(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
