// JSON merge patch (RFC 7386): what changes, with null for what goes.

export type Group = Record<string, unknown>;

export function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of `group` with the changes. Groups within groups are merged, lists are replaced. Keys that are undefined change nothing. */
export function mergePatch(group: Group, changes: Group): Group {
  const merged = new Map(Object.entries(group));
  for (const [key, change] of Object.entries(changes)) {
    const old = merged.get(key);
    if (change === null) merged.delete(key);
    else if (isGroup(change)) merged.set(key, mergePatch(isGroup(old) ? old : {}, change));
    else if (change !== undefined) merged.set(key, change);
  }
  return Object.fromEntries(merged);
}
