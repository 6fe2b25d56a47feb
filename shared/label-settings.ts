// How a camera's pictures are looked at: by whom, how often, what counts as motion, and what it may cost.
// Every `error` continues the sentence "<key> …"; see settings.ts.
import { z } from 'zod';
import { id } from './names.ts';

const fraction = z.number().min(0).max(1);
/** Fractions of the picture's width and height, origin top left. */
const point = z.tuple([fraction, fraction]).meta({ examples: [[0.5, 0.75]] });
const polygon = z
  .array(point)
  .min(3)
  .max(64)
  .meta({
    examples: [
      [
        [0.1, 0.5],
        [0.4, 0.5],
        [0.4, 1],
        [0.1, 1],
      ],
    ],
  });

export const zone = z.strictObject({
  name: id.describe('The name rules use; zones of several cameras may share one.').meta({ examples: ['door'] }),
  polygon: polygon.describe('Corners as [x, y], each 0–1 from the top left of the picture.'),
});

export const crossingLine = z
  .strictObject({
    name: id.describe('The name rules use.').meta({ examples: ['gate'] }),
    from: point.describe('[x, y], each 0–1 from the top left of the picture.'),
    to: point.describe('Where the line ends.'),
  })
  .refine(({ from, to }) => from[0] !== to[0] || from[1] !== to[1], 'must have two different ends');

const labelNames = z
  .array(
    z
      .string()
      .regex(/^[\p{L}\p{N}.'_(), -]{1,50}$/u, "must be letters, digits, spaces and . ' - _ ( ), at most 50 characters"),
  )
  .min(1)
  .max(100);

const motion = z.strictObject({
  gate: z
    .enum(['pixels', 'events', 'either', 'both'])
    .default('either')
    .describe(
      'What lets a picture through to the provider: pixels that changed, motion the camera reports by ONVIF, either or ' +
        'both. Without such events the pixels decide.',
    ),
  sensitivity: z
    .int()
    .min(1)
    .max(100)
    .default(50)
    .describe('How small a change of brightness counts: 100 sees most, 1 only the strongest.'),
  masks: z
    .array(polygon)
    .max(32)
    .default([])
    .describe('Areas in which motion never counts: trees, a road, the clock in the picture.'),
});

export const labels = z
  .strictObject({
    provider: z
      .enum(['rekognition', 'onnx', 'sagemaker', 'none'])
      .default('rekognition')
      .describe(
        'Who looks at the pictures: Rekognition, an own model on this device (onnx), a SageMaker endpoint, or none: motion only.',
      ),
    model: id
      .optional()
      .describe('With onnx and sagemaker: id of one of the models.')
      .meta({ examples: ['parcels'] }),
    minConfidence: z.number().min(0).max(100).default(70).describe('Labels the provider is less sure of are dropped.'),
    maxLabels: z
      .int()
      .min(1)
      .max(1000)
      .default(50)
      .describe('At most so many labels for one picture, the surest first.'),
    include: labelNames
      .optional()
      .describe('Only these labels. Left out: all.')
      .meta({ examples: [['Person', 'Car']] }),
    exclude: labelNames
      .optional()
      .describe('Never these labels.')
      .meta({ examples: [['Plant']] }),
    includeCategories: labelNames
      .optional()
      .describe('With rekognition: only labels of these categories.')
      .meta({ examples: [['Person Description']] }),
    excludeCategories: labelNames
      .optional()
      .describe('With rekognition: never labels of these categories.')
      .meta({ examples: [['Patterns and Shapes']] }),
    everySeconds: z.number().min(0.5).max(3600).default(2).describe('Time between two pictures looked at.'),
    busyEverySeconds: z
      .number()
      .min(0.5)
      .max(3600)
      .optional()
      .describe('The same while something is there. Left out: half of everySeconds, but not less than 1.')
      .meta({ examples: [1] }),
    motionThreshold: z
      .number()
      .min(0)
      .max(1)
      .default(0.005)
      .describe(
        'Share of the picture that must change before it is sent to the provider; 0 sends every one. Each costs money.',
      ),
    motion: motion.prefault({}).describe('What counts as motion.'),
    callsPerDay: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Pictures of this camera sent to the provider on one day at most; then motion only. Left out: no limit.',
      )
      .meta({ examples: [2000] }),
  })
  .describe('Label what this camera sees. Left out: no labels.')
  .meta({ examples: [{ provider: 'rekognition', minConfidence: 70, everySeconds: 2 }] });

export const budget = z.strictObject({
  callsPerDay: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Pictures of all cameras sent to Rekognition and SageMaker on one day at most; then motion only. Models on this device do not count. Left out: no limit.',
    )
    .meta({ examples: [10_000] }),
  dollarsPerThousandCalls: z
    .number()
    .min(0)
    .default(1)
    .describe('What a thousand calls of Rekognition cost in your region; only used to say what was spent.'),
});

const onnx = z.strictObject({
  modelFile: z
    .string()
    .min(1)
    .describe('The model (.onnx), relative to this file.')
    .meta({ examples: ['./parcels.onnx'] }),
  labelsFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'One label a line, in the order of the model’s classes. May be left out with output: score, whose label is Anomaly.',
    )
    .meta({ examples: ['./parcels.txt'] }),
  output: z
    .enum(['yolo', 'yolo-nms', 'ssd', 'classes', 'score'])
    .default('yolo')
    .describe(
      'Shape of the answer. yolo: [1, 4 + classes, boxes] (YOLOv8 to v11) or [1, boxes, 5 + classes] (YOLOv5 to v7); ' +
        'yolo-nms: [1, boxes, 6] with corners, score and class; ssd: tensors of boxes, classes, scores; classes: one score for each label; score: one number.',
    ),
  width: z.int().min(16).max(4096).default(640).describe('Width of the picture the model takes.'),
  height: z.int().min(16).max(4096).default(640).describe('Height of the picture the model takes.'),
  fit: z
    .enum(['pad', 'stretch'])
    .default('pad')
    .describe('Pictures of another shape get grey bars (pad, as YOLO is trained), or are stretched (as most SSD are).'),
  layout: z.enum(['nchw', 'nhwc']).default('nchw').describe('Order of the dimensions of the picture.'),
  colours: z.enum(['rgb', 'bgr']).default('rgb').describe('Order of the colours.'),
  scale: z
    .number()
    .positive()
    .default(0.003_921_568_627)
    .describe('Factor for each byte of the picture: 1/255 gives 0–1.'),
  mean: z
    .tuple([z.number(), z.number(), z.number()])
    .default([0, 0, 0])
    .describe('Taken from each colour after scale.'),
  std: z
    .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
    .default([1, 1, 1])
    .describe('Each colour is divided by it after mean.'),
  corners: z
    .enum(['xyxy', 'yxyx'])
    .default('xyxy')
    .describe(
      'With ssd: order of a box’s numbers, left and top first or top and left first (models of TensorFlow: yxyx).',
    ),
  firstClass: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      'With ssd and yolo-nms: number of the class that is the first label; 1 for models whose 0 is the background.',
    ),
  iou: z.number().min(0).max(1).default(0.5).describe('Boxes of one label that overlap by more are one.'),
  threads: z.int().min(1).max(16).default(1).describe('Processor cores the model may use.'),
});

const sagemaker = z.strictObject({
  endpointName: z
    .string()
    .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, 'must be the name of an endpoint')
    .describe('Endpoint of SageMaker that takes a JPEG and answers with JSON.')
    .meta({ examples: ['parcels'] }),
  variant: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe('Production variant. Left out: the endpoint decides.')
    .meta({ examples: ['AllTraffic'] }),
  labelsFile: z
    .string()
    .min(1)
    .optional()
    .describe('One label a line, for answers that name classes by number.')
    .meta({ examples: ['./parcels.txt'] }),
});

/** Exactly one of the kinds is set, which settings-agreement.ts holds. */
export const modelSchema = z.strictObject({
  id: id.describe('The name cameras use.').meta({ examples: ['parcels'] }),
  onnx: onnx
    .optional()
    .describe('A model that runs on this device.')
    .meta({ examples: [{ modelFile: './parcels.onnx', labelsFile: './parcels.txt' }] }),
  sagemaker: sagemaker
    .optional()
    .describe('A model behind a SageMaker endpoint.')
    .meta({ examples: [{ endpointName: 'parcels' }] }),
});

export type LabelSettings = z.output<typeof labels>;
export type ModelSettings = z.output<typeof modelSchema>;
export type OnnxSettings = z.output<typeof onnx>;
export type SageMakerSettings = z.output<typeof sagemaker>;
export type BudgetSettings = z.output<typeof budget>;
export type MotionSettings = z.output<typeof motion>;
export type Zone = z.output<typeof zone>;
export type CrossingLine = z.output<typeof crossingLine>;
export type Point = z.output<typeof point>;
