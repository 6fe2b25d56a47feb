// The command line: parses, calls, turns errors into one sentence and an exit code (1 failed, 2 wrong usage, 3 a camera
// needs attention).
import { fragmentNumber, options, UsageError, wholeNumber } from './commands/arguments.ts';
import { AgentError } from './errors.ts';

const usage = `kvs-edge: cameras to Kinesis Video Streams

  kvs-edge run --config FILE                 run the agent
  kvs-edge status --config FILE [--json]     how the running agent's cameras and uploads are, and the last 24 hours of
                                             video: where it is and what is missing; exit code 3 when a camera needs
                                             attention
  kvs-edge check ADDRESS                     look at a camera and say what is right with it and what to change; ADDRESS is
                                             its rtsp:// address, its host, or where it answers ONVIF (host:port);
                                             exit code 3 when something has to be changed
           [--user NAME]                     its password is asked for, or taken from
           [--password-env NAME] [--password-file FILE]
           [--config FILE --camera ID]       instead of ADDRESS: a camera of the settings
           [--seconds N]                     look for so long at most; default 22
           [--sessions]                      also find out whether it has room for a second viewer
           [--cost]                          also measure what re-encoding here takes, when that would help
           [--tls-fingerprint SHA256]        of the certificate to trust, for rtsps://
           [--json]
  kvs-edge encoder ADDRESS --user NAME       how a camera encodes each of its streams, by ONVIF; ADDRESS is its host, host:port
                                             or https:// address, the password is given as with check
           [--gop-seconds N] [--kbps N]      change it, after showing what and asking (--yes: without asking);
           [--fps N] [--h264-profile NAME]   exit code 3 when the camera did something else
           [--profile TOKEN]                 of another stream than the main one
  kvs-edge spool list --config FILE          fragments that the service refused for good, with their numbers
           [--camera ID] [--json]
  kvs-edge spool export NUMBER --to FILE --config FILE
                                             copy a refused fragment to a file, to look at it
  kvs-edge spool retry NUMBER --config FILE  send a refused fragment again
  kvs-edge discover [--seconds N] [--json]   find cameras in the networks of this device, without signing in to any
           [--config FILE]                   tell which ones are in these settings
           [--host HOST]                     instead: ask this host alone, by ONVIF and RTSP
           [--scan CIDR]                     instead: connect to the RTSP ports of every address of your own network, such
                                             as 192.168.1.0/24
  kvs-edge camera list --config FILE         the cameras of the settings file [--json]
  kvs-edge camera add ID URL --config FILE   add a camera; a running agent records it at once
           [--username NAME]                 its password, never as an argument:
           [--password]                      asked for, or the first line of standard input
           [--password-env NAME]             what is in this environment variable now
           [--password-file FILE]            what is in this file now
           [--set NAME=VALUE] ...            any other setting, such as labels.everySeconds=5
  kvs-edge camera edit ID --config FILE      change what is named, as with add, and [--url URL]
           [--unset NAME] ...                take a setting out
  kvs-edge camera remove ID --config FILE    stop recording it; what waits to be sent is still sent
           [--force]                         also when rules name it
  kvs-edge camera import FILE --config FILE  add the cameras of a CSV file (- is standard input), all or none
           [--dry-run] [--skip-bad] [--json]
  kvs-edge camera export --config FILE       the cameras as CSV, without passwords [--to FILE]
  kvs-edge alerts list --config FILE         the running agent's alerts and their deliveries, newest first
           [--dead | --waiting]              only those that were given up, with the reason, or that wait
           [--camera ID] [--limit N] [--json]
  kvs-edge alerts redeliver ID --config FILE deliver an alert again, under the same id: to each destination that has not
           [--to DESTINATION]                taken it, or to this one
  kvs-edge alerts redeliver --dead --config FILE
           [--to DESTINATION] [--since TIME] deliver again all that were given up
  kvs-edge alerts test DESTINATION --config FILE
           [--json]                          send a test alert to it now; exit code 3 when it did not take it
  kvs-edge rules replay --config FILE        how often rules would have fired over what was seen, and why not otherwise
           [--rule ID | --file RULE.yaml]    one rule of the settings, or one that is not there yet; else all
           [--hours N] [--camera ID]         default 24, as far back as is kept [--json]
  kvs-edge rules test [SIGHTINGS] --config FILE
                                             what each rule says of sightings in a JSON or CSV file, or of those of the last
                                             24 hours [--rule ID] [--json]
  kvs-edge rules why SIGHTING --config FILE  why a sighting did, or did not, raise an alert [--json]
  kvs-edge rules sets [NAME]                 ready rules to copy from: for homes, lights, cities and machines
  kvs-edge push FILE --stream NAME           send a recorded file (MP4, MOV, MKV, TS) at the time it was recorded; what
                                             the stream already has is not sent again
           [--start TIME]                    of its first picture: ISO 8601 or seconds since 1970; default: the file's own
           [--retention HOURS]               of a stream that is created; default 24
           [--region R] [--json]             default region: AWS_REGION, else us-west-2
  kvs-edge local-cloud --port N --data DIR   run the embedded KVS on 127.0.0.1; accepts the key pair in
                                             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (local / local-secret when unset)
           [--host ADDRESS]                  listen there, so that other machines reach it; takes a key pair of your own
           [--tls-certificate FILE --tls-key FILE]
                                             speak https with this certificate and its key (PEM)
           [--max-bytes SIZE]                of all media together, as 20GB; the oldest is deleted for new
           [--min-free-bytes SIZE]           room on the disk that is left to others, default 256MiB
           [--quotas on|NAME,...]            keep clients to the quotas of KVS, all or those named; on,-NAME: all but one
           [--faults]                        take fault plans at /admin/faults, for tests
  kvs-edge settings check --config FILE      say what is wrong with a settings file, or that nothing is
  kvs-edge settings reload --config FILE     let the running agent read the file again, as a hang-up signal (SIGHUP) does
  kvs-edge settings schema                   print the JSON Schema of the settings file

The agent takes AWS credentials from the standard chain: environment, shared files, container or instance role.
AWS_ENDPOINT_URL names another endpoint, such as http://127.0.0.1:4600.`;

// Each command loads only the code it needs: the agent runs on boards with 1 GB of memory.
const commands: Record<string, (args: string[], signal: AbortSignal) => Promise<number | undefined>> = {
  async run(args, signal) {
    const { config } = options(args, { required: ['config'] });
    const { runAgent } = await import('./main.ts');
    await runAgent({ settingsFile: config, signal, announce: line => process.stderr.write(`${line}\n`) });
  },

  async status(args) {
    const { config, json } = options(args, { required: ['config'], flags: ['json'] });
    const { statusCommand } = await import('./commands/status-command.ts');
    return statusCommand({ settingsFile: config, json }, text => void process.stdout.write(text));
  },

  async check(args, signal) {
    const { checkCommand, checkOptions } = await import('./commands/check-command.ts');
    const { stdout, stderr } = process;
    const terminal = {
      print: (text: string) => void stdout.write(text),
      tell: (text: string) => void stderr.write(text),
      color: stdout.isTTY === true && process.env.NO_COLOR === undefined,
    };
    return checkCommand(checkOptions(args), terminal, signal);
  },

  async encoder(args, signal) {
    const { encoderCommand } = await import('./commands/encoder-command.ts');
    return encoderCommand(args, { print: text => void process.stdout.write(text), signal });
  },

  async spool([action, ...args]) {
    const { spoolCommand } = await import('./commands/spool-command.ts');
    const print = (text: string) => void process.stdout.write(text);
    if (action === 'list') {
      const { config, camera, json } = options(args, { required: ['config'], optional: ['camera'], flags: ['json'] });
      await spoolCommand({ action, settingsFile: config, camera, json }, print);
    } else if (action === 'export') {
      const { NUMBER, config, to } = options(args, { operands: ['NUMBER'], required: ['config', 'to'] });
      await spoolCommand({ action, settingsFile: config, id: fragmentNumber(NUMBER), path: to }, print);
    } else if (action === 'retry') {
      const { NUMBER, config } = options(args, { operands: ['NUMBER'], required: ['config'] });
      await spoolCommand({ action, settingsFile: config, id: fragmentNumber(NUMBER) }, print);
    } else throw new UsageError('spool takes list, export or retry');
  },

  async discover(args, signal) {
    const { config, host, scan, seconds, json } = options(args, {
      optional: ['config', 'host', 'scan', 'seconds'],
      flags: ['json'],
    });
    if (host !== undefined && scan !== undefined) throw new UsageError('discover takes --host or --scan, not both');
    const { discoverCommand } = await import('./commands/discover-command.ts');
    const searchSeconds = wholeNumber('seconds', seconds ?? '4', { from: 1, to: 60 });
    const print = (text: string) => void process.stdout.write(text);
    return discoverCommand({ settingsFile: config, host, range: scan, seconds: searchSeconds, json }, print, signal);
  },

  async camera(args) {
    const { cameraCommand } = await import('./commands/camera-command.ts');
    return cameraCommand(args, text => void process.stdout.write(text));
  },

  async alerts(args) {
    const { alertsCommand } = await import('./commands/alerts-command.ts');
    return alertsCommand(args, text => void process.stdout.write(text));
  },

  async rules(args) {
    const { rulesCommand } = await import('./commands/rules-command.ts');
    await rulesCommand(args, text => void process.stdout.write(text));
    return undefined;
  },

  async push(args, signal) {
    const { FILE, stream, start, retention, region, json } = options(args, {
      operands: ['FILE'],
      required: ['stream'],
      optional: ['start', 'retention', 'region'],
      flags: ['json'],
    });
    const { pushCommand } = await import('./push/push-command.ts');
    await pushCommand(
      {
        ...{ path: FILE, stream, start, json },
        retentionHours: wholeNumber('retention', retention ?? '24', { from: 1, to: 87_600 }),
        region: region ?? process.env.AWS_REGION ?? 'us-west-2',
      },
      {
        out: text => void process.stdout.write(text),
        err: text => void process.stderr.write(text),
        isTty: process.stderr.isTTY === true,
      },
      signal,
    );
  },

  async 'local-cloud'(args, signal) {
    const { localCloudCommand } = await import('./commands/local-cloud-command.ts');
    await localCloudCommand(args, { tell: line => void process.stderr.write(`${line}\n`), signal });
    return undefined;
  },

  async settings([action, ...args]) {
    if (action === 'schema') {
      options(args, {});
      const { settingsJsonSchema } = await import('./settings/json-schema.ts');
      process.stdout.write(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
    } else if (action === 'check') {
      const { config } = options(args, { required: ['config'] });
      const { loadSettings } = await import('./settings/load.ts');
      await loadSettings(config);
      process.stdout.write(`${config} is good.\n`);
    } else if (action === 'reload') {
      const { config } = options(args, { required: ['config'] });
      const { reloadCommand } = await import('./commands/reload-command.ts');
      await reloadCommand(config, text => void process.stdout.write(text));
    } else throw new UsageError('settings takes check, reload or schema');
  },
};

/** Aborts at the first SIGINT or SIGTERM, and when a parent that opened an IPC channel is gone; a second signal ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  process.once('disconnect', () => stop.abort(new Error('the parent process is gone')));
  return stop.signal;
}

async function main([name = '--help', ...args]: string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UsageError(`there is no command ${name}`);
    return (await command(args, stopSignal())) ?? 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`kvs-edge: ${error.message}\n\n${usage}\n`);
      return 2;
    }
    process.stderr.write(
      `kvs-edge: ${error instanceof AgentError ? `${error.message} [${error.code}]` : inspectBug(error)}\n`,
    );
    return 1;
  }
}

function inspectBug(error: unknown): string {
  return `unexpected error, please report it: ${error instanceof Error ? error.stack : String(error)}`;
}

process.exit(await main(process.argv.slice(2)));
