// What goes wrong with the TLS of a broker, as errors the owner can act on. The only place that knows OpenSSL's codes for it.
import { type AgentError, systemCode } from '../../errors.ts';
import { type DeliveryRow, deliveryError, denied, refused } from './delivery-error.ts';

const wantsCertificate: DeliveryRow = {
  ...denied,
  says: 'asks for a certificate of this device: set tls.certificateFile and tls.privateKeyFile',
};
const notOurCertificate: DeliveryRow = {
  ...denied,
  says: 'does not accept the certificate of this device: check that it is valid and that the broker knows its issuer',
};
const noTls: DeliveryRow = {
  ...refused,
  says: 'speaks no TLS on this port: check the port, or take the s out of the scheme of the url',
};
const byTlsCode: [RegExp, DeliveryRow][] = [
  [/ALERT_CERTIFICATE_REQUIRED|ALERT_NO_CERTIFICATE|SSLV3_ALERT_HANDSHAKE_FAILURE/, wantsCertificate],
  [
    /ALERT_UNKNOWN_CA|ALERT_(BAD|UNSUPPORTED|REVOKED|EXPIRED|UNKNOWN)_CERT|ALERT_CERTIFICATE|ALERT_DECRYPT_ERROR/,
    notOurCertificate,
  ],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/, noTls],
  [/NO_APPLICATION_PROTOCOL/, { ...refused, says: 'does not know the protocol that tls.alpn names' }],
  [
    /KEY_VALUES_MISMATCH/,
    { ...refused, says: 'was not asked: tls.certificateFile and tls.privateKeyFile do not belong together' },
  ],
  [
    /PEM|ASN1|DECODER|NO_START_LINE|UNSUPPORTED/,
    { ...refused, says: 'was not asked: a file under tls is not a certificate or key in PEM form' },
  ],
];

/** Undefined for what is none of TLS's own troubles. */
export function tlsError(cause: unknown, broker: string): AgentError | undefined {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const row = byTlsCode.find(([codes]) => code.startsWith('ERR_') && codes.test(code))?.[1];
  return row && deliveryError(row, broker, cause);
}

/** For a file of `tls` that cannot be read. */
export function tlsFileUnreadable(path: string, broker: string, cause: unknown): AgentError {
  const says = `was not asked: ${path} cannot be read (${systemCode(cause) ?? 'unknown error'})`;
  return deliveryError({ ...refused, says }, broker, cause);
}
