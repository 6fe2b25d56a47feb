// What a process of the load says at its end: its reports as one line of JSON, or why it has none.

/** Ends with whoever started it. Writes what `work` resolves with, or its error. */
export async function report(work: () => Promise<unknown[]>): Promise<void> {
  process.on('disconnect', () => process.exit());
  const line = await work().then(
    reports => ({ reports, percentOfCore: percentOfCore() }),
    error => ({ error: error instanceof Error ? error.stack : String(error) }),
  );
  // It ends when the channel does: not before all of the line is out.
  await new Promise<void>(resolve => void process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
  process.disconnect?.();
}

/** Processor time since the process began. */
function percentOfCore(): number {
  const { user, system } = process.cpuUsage();
  return Number(((user + system) / 10_000 / process.uptime()).toFixed(1));
}
