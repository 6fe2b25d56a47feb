// Binding the embedded server's address, and what is wrong when that fails.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { AgentError, systemCode } from '../errors.ts';

type Listening = {
  host: string;
  port: number;
  /** Told of what goes wrong later, such as a connection that cannot be accepted. The server goes on. */
  onProblem: (error: unknown) => void;
};

/** The port, once it is bound. @throws AgentError port-in-use, or settings-invalid for an address this machine does not have */
export async function listen(server: Server, { host, port, onProblem }: Listening): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, host, port);
  }
  server.on('error', onProblem);
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

function listenError(cause: unknown, host: string, port: number): AgentError {
  const code = systemCode(cause);
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN')
    return new AgentError({
      ...{ code: 'settings-invalid', kind: 'invalid', retry: 'never', cause },
      message: `This machine has no address ${host} to listen on. Choose another with --host.`,
    });
  return new AgentError({
    ...{ code: 'port-in-use', kind: 'unavailable', retry: 'later', cause },
    message:
      code === 'EADDRINUSE'
        ? `Port ${port} on ${host} is taken by another program. Stop that one, or choose another port with --port.`
        : `The embedded server cannot listen on ${host}:${port} (${code ?? 'unknown reason'}). Choose another port with --port.`,
  });
}
