// The boundary table of the AWS IoT credential provider: files, TLS failures and HTTP answers → AgentError.
import { AgentError, systemCode } from '../errors.ts';
import type { IotSettings } from './iot-settings.ts';

type Named = Pick<IotSettings, 'certificateFile' | 'privateKeyFile' | 'roleAlias' | 'thingName'>;

function denied(message: string, cause?: unknown): AgentError {
  return new AgentError({ code: 'service-denied', kind: 'denied', retry: 'later', message, cause });
}

function unreachable(message: string, cause?: unknown): AgentError {
  return new AgentError({ code: 'service-unreachable', kind: 'unavailable', retry: 'later', message, cause });
}

export function fileUnreadable(path: string, setting: string, error: unknown): AgentError {
  const code = systemCode(error);
  const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code ?? 'unknown error'})`;
  return denied(`${path} ${why}: aws.iot.${setting} must name a PEM file that this user may read.`, error);
}

export function certificateInvalid(path: string, setting: string): AgentError {
  return denied(
    `${path} is not what aws.iot.${setting} needs: a PEM file without a password, as AWS IoT hands it out.`,
  );
}

export function certificateExpired({ certificateFile }: Named, sinceWhen: Date): AgentError {
  return denied(
    `The device certificate ${certificateFile} expired on ${sinceWhen.toISOString().slice(0, 10)}: put a new one in its place; the agent takes it up by itself.`,
  );
}

export function keyOfAnother({ certificateFile, privateKeyFile }: Named): AgentError {
  return denied(`${privateKeyFile} is not the key of the certificate ${certificateFile}: replace both together.`);
}

export function expiredOnArrival(): AgentError {
  return denied(
    "AWS IoT gave credentials that have expired already: this device's clock is ahead. Set it, or let NTP do so.",
  );
}

export function unreadableAnswer(): AgentError {
  return new AgentError({
    code: 'service-failed',
    kind: 'unavailable',
    retry: 'later',
    message:
      'What answers at aws.iot.endpoint is not the credential provider of AWS IoT: use the address that `aws iot describe-endpoint --endpoint-type iot:CredentialProvider` prints.',
  });
}

/** An HTTP answer other than 200. */
export function refusedExchange(status: number, { roleAlias, thingName }: Named): AgentError {
  if (status === 404)
    return denied(`AWS IoT knows no role alias ${roleAlias}: check aws.iot.roleAlias and the region.`);
  if (status === 401 || status === 403) {
    const thing = thingName === undefined ? '' : ` The thing ${thingName} must be attached to it.`;
    return denied(
      `AWS IoT does not let this device take the role of ${roleAlias}: its certificate must be active and have a policy that allows iot:AssumeRoleWithCertificate.${thing}`,
    );
  }
  if (status === 429 || status >= 500)
    return unreachable(`AWS IoT is not giving out credentials now (HTTP ${status}).`);
  return unreadableAnswer();
}

/** With TLS 1.3 a server looks at the device's certificate only after the handshake, and some then just hang up. */
export function hungUp(error: unknown): AgentError {
  return denied(
    'AWS IoT hung up when it saw the device certificate: check that the certificate is active and of this account.',
    error,
  );
}

/** The provider's own certificate; codes of OpenSSL as Node.js names them. */
const untrusted =
  /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT_ALTNAME|INVALID_CA|HOSTNAME_MISMATCH|ERR_SSL_WRONG_VERSION)/;

/** A request that got no answer. */
export function exchangeError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (untrusted.test(code))
    return denied(
      `What answers at aws.iot.endpoint cannot prove that it is AWS IoT (${code}): check the address, aws.iot.caFile and this device's clock.`,
      error,
    );
  if (code.startsWith('ERR_SSL_'))
    return denied(
      `AWS IoT refused the device certificate (${code}): check that it is active and of this account.`,
      error,
    );
  return unreachable('AWS IoT could not be reached for credentials: check the network and aws.iot.endpoint.', error);
}
