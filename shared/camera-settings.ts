// One camera of the settings file as a schema.
// Every `error` continues the sentence "<key> …"; see settings.ts.
import { z } from 'zod';
import { crossingLine, labels, zone } from './label-settings.ts';
import { hasUserinfo, id, secretReference, webAddress } from './names.ts';

export const cameraSchema = z.strictObject({
  id: id.describe("The camera's name in the console, in rules and in the log."),
  url: z
    .url({
      protocol: /^(rtsps?|https?|file|v4l2|libcamera)$/,
      error: 'must be an address that begins with rtsp://, rtsps://, http://, https://, file:, v4l2: or libcamera:',
    })
    .refine(url => !hasUserinfo(url), 'must not contain a user or password: set username and password beside it')
    .describe(
      'Where the camera serves its video. No user or password inside. Beside RTSP: MJPEG or HLS over http:// and https://, ' +
        'a recorded file as file:///path (played again and again), a USB camera as v4l2:/dev/video0, the board’s own camera as libcamera:0.',
    )
    .meta({ examples: ['rtsp://10.0.0.20/stream1', 'v4l2:/dev/video0'] }),
  username: z
    .string()
    .min(1)
    .optional()
    .describe('User the camera asks for.')
    .meta({ examples: ['admin'] }),
  password: secretReference.optional().describe('Where the password of that user is.'),
  tlsFingerprint: z
    .string()
    .regex(
      /^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i,
      'must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
    )
    .optional()
    .describe(
      'SHA-256 fingerprint of the camera’s own certificate, for rtsps:// and https://. Left out: the certificate must be ' +
        'vouched for by an authority this machine trusts, which those that cameras make themselves are not.',
    )
    .meta({
      examples: ['9f:86:d0:81:88:4c:7d:65:9a:2f:ea:a0:c5:5a:d0:15:a3:bf:4f:1b:2b:0b:82:2c:d1:5d:6c:15:b0:f0:0a:08'],
    }),
  transport: z
    .enum(['auto', 'tcp', 'udp'])
    .default('auto')
    .describe('How RTSP carries the video. auto: TCP, which loses nothing, and UDP for cameras that refuse it.'),
  reader: z
    .enum(['auto', 'native', 'ffmpeg'])
    .default('auto')
    .describe('Who reads the stream. auto: the agent itself where it can (RTSP), ffmpeg for the rest.'),
  onvif: z
    .strictObject({
      url: webAddress('http://10.0.0.20/onvif/device_service').describe('Device service of the camera.'),
      motionEvents: z.boolean().default(true).describe('Take motion from the camera’s own events.'),
    })
    .optional()
    .describe('ONVIF of this camera, with the same username and password. Left out: only its stream is used.')
    .meta({ examples: [{ url: 'http://10.0.0.20/onvif/device_service' }] }),
  stream: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{1,256}$/, 'must be letters, digits, _ . and -, at most 256 characters')
    .optional()
    .describe('Kinesis video stream; created when missing. Left out: the id of the camera.')
    .meta({ examples: ['front-door'] }),
  retentionHours: z
    .int()
    .min(0)
    .max(87_600)
    .default(24)
    .describe('How long the service keeps video, for streams the agent creates. With 0 nothing can be played back.'),
  kmsKeyId: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe('KMS key for streams the agent creates. Left out: the key of Kinesis Video Streams itself.')
    .meta({ examples: ['alias/cameras'] }),
  tags: z
    .record(z.string().min(1).max(128), z.string().max(256))
    .default({})
    .describe('Tags for streams the agent creates.')
    .meta({ examples: [{ site: 'harbour' }] }),
  localRetentionHours: z
    .number()
    .min(0)
    .max(87_600)
    .default(0)
    .describe(
      'Video that the service has confirmed stays on this device for so long, within the limits of the spool. ' +
        '0: it goes when its room is needed.',
    ),
  video: z
    .enum(['copy', 'transcode'])
    .default('copy')
    .describe(
      'copy passes pictures on as they are. transcode makes H.264 with a key frame every 2 seconds of them, for cameras that ' +
        'send B-frames, MJPEG or too few key frames: it takes a good part of a processor core, kvs-edge check says how much.',
    ),
  audio: z
    .enum(['aac', 'off'])
    .default('aac')
    .describe('aac keeps AAC sound as it is and turns other sound into AAC; off leaves sound out.'),
  groups: z
    .array(id)
    .max(20)
    .default([])
    .describe('Groups this camera belongs to, for rules that name them.')
    .meta({ examples: [['outside']] }),
  zones: z
    .array(zone)
    .max(50)
    .default([])
    .describe('Parts of the picture that rules can name.')
    .meta({
      examples: [
        [
          {
            name: 'door',
            polygon: [
              [0.1, 0.5],
              [0.4, 0.5],
              [0.4, 1],
              [0.1, 1],
            ],
          },
        ],
      ],
    }),
  lines: z
    .array(crossingLine)
    .max(50)
    .default([])
    .describe('Lines across the picture that rules can watch for crossings.')
    .meta({ examples: [[{ name: 'gate', from: [0.2, 0.6], to: [0.8, 0.6] }]] }),
  labels: labels.optional(),
});

export type CameraSettings = z.output<typeof cameraSchema>;
