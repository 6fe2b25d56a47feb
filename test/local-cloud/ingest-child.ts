// The embedded server in a process of its own, to be killed. Tells its parent where it listens.
import { startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import { keys } from './control-cloud.ts';

const cloud = await startLocalCloud({
  port: 0,
  dataDir: process.argv[2] ?? '',
  accessKeyId: keys.accessKeyId,
  secretAccessKey: new Secret(keys.secretAccessKey),
});
process.send?.(cloud.url);
process.once('disconnect', () => process.exit());
