// What a process of the load takes itself: it is gone before anybody could look.

/** Processor time since the process began, in percent of one core. */
export function percentOfCore(): number {
  const { user, system } = process.cpuUsage();
  return Number(((user + system) / 10_000 / process.uptime()).toFixed(1));
}
