// TLS of a connection to a broker: who vouches for it, and with what this device shows who it is.
// Every `error` continues the sentence "<key> …"; see settings.ts.
import { z } from 'zod';

const bothOrNone = 'needs both certificateFile and privateKeyFile, or neither';

/** Group this under `tls`. */
export const tlsSchema = z
  .strictObject({
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe('Certificates that vouch for the broker (PEM). Left out: those of Node.js.')
      .meta({ examples: ['./ca.pem'] }),
    certificateFile: z
      .string()
      .min(1)
      .optional()
      .describe('Certificate of this device (PEM), for brokers that ask for one.')
      .meta({ examples: ['./device.pem.crt'] }),
    privateKeyFile: z
      .string()
      .min(1)
      .optional()
      .describe('Its private key (PEM).')
      .meta({ examples: ['./device.pem.key'] }),
    servername: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('Name the broker’s certificate is for. Left out: the host of the address.')
      .meta({ examples: ['broker.example.com'] }),
    alpn: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Protocol to agree on in the TLS handshake (ALPN), for brokers that share a port with others.')
      .meta({ examples: ['x-amzn-mqtt-ca'] }),
  })
  .refine(({ certificateFile, privateKeyFile }) => !certificateFile === !privateKeyFile, bothOrNone)
  .describe('How the broker and this device show who they are.')
  .meta({ examples: [{ caFile: './ca.pem' }] });

export type TlsSettings = z.output<typeof tlsSchema>;
