// Evaluates one JSONata expression for one event after the other, in a thread that holds nothing else: no environment, no
// files, no network of ours. It says `ready` once it has read the expression. The thread that waits ends this one when it takes
// too long.
import { parentPort, workerData } from 'node:worker_threads';
import jsonata from 'jsonata';

const expression = jsonata(String(workerData));

parentPort?.on('message', async (event: unknown) => {
  try {
    const result: unknown = await expression.evaluate(event);
    parentPort?.postMessage({ body: result === undefined ? null : JSON.stringify(result) });
  } catch (error) {
    parentPort?.postMessage({ problem: error instanceof Object && 'message' in error ? String(error.message) : '' });
  }
});
parentPort?.postMessage('ready');
