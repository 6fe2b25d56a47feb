// ONNX models made for tests: real inference, small enough to read. Each divides its picture into cells, takes the mean
// brightness of each by convolution and pooling, and calls a cell Bright or Dark by a sigmoid around a threshold. What differs
// is the shape of the answer, as exporters of detection models give it. Protobuf is written by hand; the runtime judges it.

type Bytes = Uint8Array;

function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const int = (field: number, value: number): Bytes => Buffer.concat([varint(field << 3), varint(value)]);
const block = (field: number, bytes: Bytes): Bytes =>
  Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
const text = (field: number, value: string): Bytes => block(field, Buffer.from(value));
const message = (...parts: (Bytes | Bytes[])[]): Bytes => Buffer.concat(parts.flat());

const elementTypes = { float32: 1, uint8: 2, int64: 7, float16: 10 } as const;
type Element = keyof typeof elementTypes;

type Value = { name: string; dims: readonly (number | string)[]; type?: Element };

function valueInfo({ name, dims, type = 'float32' }: Value): Bytes {
  const shape = dims.map(dim => block(1, typeof dim === 'number' ? int(1, dim) : text(2, dim)));
  const tensor = message(int(1, elementTypes[type]), block(2, message(shape)));
  return message(text(1, name), block(2, block(1, tensor)));
}

function floats(name: string, dims: number[], values: number[]): Bytes {
  const raw = Buffer.from(Float32Array.from(values).buffer);
  return message(
    dims.map(dim => int(1, dim)),
    int(2, elementTypes.float32),
    text(8, name),
    block(9, raw),
  );
}

function integers(name: string, values: number[]): Bytes {
  const raw = Buffer.from(BigInt64Array.from(values, BigInt).buffer);
  return message(int(1, values.length), int(2, elementTypes.int64), text(8, name), block(9, raw));
}

type Attributes = Record<string, number | number[]>;

function node(operator: string, inputs: string[], output: string, attributes: Attributes = {}): Bytes {
  const written = Object.entries(attributes).map(([name, value]) => {
    const numbers = Array.isArray(value)
      ? [...value.map(item => int(8, item)), int(20, 7)]
      : [int(3, value), int(20, 2)];
    return block(5, message(text(1, name), numbers));
  });
  return message(
    inputs.map(input => text(1, input)),
    text(2, output),
    text(4, operator),
    written,
  );
}

type Graph = { inputs: Value[]; outputs: Value[]; nodes: Bytes[]; constants: Bytes[] };

export function modelBytes({ inputs, outputs, nodes, constants }: Graph): Bytes {
  const graph = message(
    nodes.map(bytes => block(1, bytes)),
    text(2, 'made in a test'),
    constants.map(bytes => block(5, bytes)),
    inputs.map(value => block(11, valueInfo(value))),
    outputs.map(value => block(12, valueInfo(value))),
  );
  return message(int(1, 8), text(2, 'kvs-edge tests'), block(7, graph), block(8, int(2, 13)));
}

export type CellModel = {
  shape: 'yolo-v8' | 'yolo-v5' | 'yolo-nms' | 'ssd' | 'ssd-tensorflow' | 'classes' | 'score';
  /** Of the picture the model takes, and of a cell: pixels. */
  side: number;
  cell: number;
  /** 0–1. */
  bright: number;
  dark: number;
  /** Left out: floats 0–1, colours first. */
  input?: 'floats' | 'bytes-last';
  /** How many cells wide and high a box is, around its cell; left out: 1. */
  boxCells?: number;
};

export const cellLabels = ['Bright', 'Dark'];
/** How fast a score rises around its threshold: 0.05 off is 0.1 or 0.9. */
const steepness = 44;

/** Labels are `cellLabels`. With `classes`, the logits are of the whole picture; with `score`, its mean brightness. */
export function cellModel(options: CellModel): Bytes {
  const { side, cell, shape } = options;
  const across = side / cell;
  const cells = across * across;
  const bytesLast = options.input === 'bytes-last';
  const input: Value = bytesLast
    ? { name: 'picture', dims: [1, side, side, 3], type: 'uint8' }
    : { name: 'picture', dims: [1, 3, side, side] };
  const colours = bytesLast
    ? [
        node('Cast', ['picture'], 'asFloats', { to: 1 }),
        node('Transpose', ['asFloats'], 'coloursFirst', { perm: [0, 3, 1, 2] }),
        node('Mul', ['coloursFirst', 'oneByte'], 'unit'),
      ]
    : [node('Identity', ['picture'], 'unit')];
  const nodes = [
    ...colours,
    node('Conv', ['unit', 'luma'], 'grey'),
    node('AveragePool', ['grey'], 'cells', { kernel_shape: [cell, cell], strides: [cell, cell] }),
    ...score('bright', ['cells', 'brightFrom']),
    ...score('dark', ['darkTo', 'cells']),
    node('Concat', ['brightRow', 'darkRow'], 'scores', { axis: 1 }),
  ];
  const corners = cornersOf(options);
  const constants = [
    floats('oneByte', [1], [1 / 255]),
    floats('luma', [1, 3, 1, 1], [0.299, 0.587, 0.114]),
    floats('brightFrom', [1], [options.bright]),
    floats('darkTo', [1], [options.dark]),
    floats('steepness', [1], [steepness]),
    integers('row', [1, 1, cells]),
    integers('flat', [1, cells]),
    integers('one', [1]),
    floats('everywhere', [1, 1, cells], new Array(cells).fill(1)),
    floats(
      'centres',
      [1, 4, cells],
      [0, 1, 2, 3].flatMap(field => corners.map(box => centre(box)[field] ?? 0)),
    ),
    floats(
      'corners',
      [1, 4, cells],
      [0, 1, 2, 3].flatMap(field => corners.map(box => box[field] ?? 0)),
    ),
    floats('pixelBoxes', [1, cells, 4], corners.flat()),
    floats(
      'unitBoxes',
      [1, cells, 4],
      corners.flatMap(([x1, y1, x2, y2]) => [y1, x1, y2, x2].map(at => at / side)),
    ),
    floats('count', [1], [cells]),
    floats('firstIsOne', [1], [1]),
  ];
  const { outputs, more } = answers[shape](cells);
  return modelBytes({ inputs: [input], outputs, nodes: [...nodes, ...more], constants });
}

/** `a` − `b`, through a sigmoid, as a row of a tensor of scores. */
function score(name: string, [a, b]: [string, string]): Bytes[] {
  return [
    node('Sub', [a, b], `${name}Above`),
    node('Mul', [`${name}Above`, 'steepness'], `${name}Steep`),
    node('Sigmoid', [`${name}Steep`], `${name}Score`),
    node('Reshape', [`${name}Score`, 'row'], `${name}Row`),
  ];
}

const bestOf = [
  node('ReduceMax', ['scores'], 'best', { axes: [1], keepdims: 1 }),
  node('ArgMax', ['scores'], 'which', { axis: 1, keepdims: 1 }),
];

const answers: Record<CellModel['shape'], (cells: number) => { outputs: Value[]; more: Bytes[] }> = {
  'yolo-v8': cells => ({
    outputs: [{ name: 'output0', dims: [1, 6, cells] }],
    more: [node('Concat', ['centres', 'scores'], 'output0', { axis: 1 })],
  }),
  'yolo-v5': cells => ({
    outputs: [{ name: 'output', dims: [1, cells, 7] }],
    more: [
      node('Concat', ['centres', 'everywhere', 'scores'], 'fields', { axis: 1 }),
      node('Transpose', ['fields'], 'output', { perm: [0, 2, 1] }),
    ],
  }),
  'yolo-nms': cells => ({
    outputs: [{ name: 'output0', dims: [1, cells, 6] }],
    more: [
      ...bestOf,
      node('Cast', ['which'], 'whichFloat', { to: 1 }),
      node('Concat', ['corners', 'best', 'whichFloat'], 'fields', { axis: 1 }),
      node('Transpose', ['fields'], 'output0', { perm: [0, 2, 1] }),
    ],
  }),
  ssd: cells => ({
    outputs: [
      { name: 'boxes', dims: [1, cells, 4] },
      { name: 'labels', dims: [1, cells], type: 'int64' },
      { name: 'scores_', dims: [1, cells] },
    ],
    more: [
      ...bestOf,
      node('Identity', ['pixelBoxes'], 'boxes'),
      node('Reshape', ['which', 'flat'], 'labels'),
      node('Reshape', ['best', 'flat'], 'scores_'),
    ],
  }),
  'ssd-tensorflow': cells => ({
    outputs: [
      { name: 'num_detections', dims: [1] },
      { name: 'detection_boxes', dims: [1, cells, 4] },
      { name: 'detection_scores', dims: [1, cells] },
      { name: 'detection_classes', dims: [1, cells] },
    ],
    more: [
      ...bestOf,
      node('Identity', ['unitBoxes'], 'detection_boxes'),
      node('Identity', ['count'], 'num_detections'),
      node('Cast', ['which'], 'whichFloat', { to: 1 }),
      node('Add', ['whichFloat', 'firstIsOne'], 'fromOne'),
      node('Reshape', ['fromOne', 'flat'], 'detection_classes'),
      node('Reshape', ['best', 'flat'], 'detection_scores'),
    ],
  }),
  classes: () => ({
    outputs: [{ name: 'logits', dims: [1, 2, 1] }],
    more: [
      node('Reshape', ['brightSteep', 'row'], 'brightSteepRow'),
      node('Reshape', ['darkSteep', 'row'], 'darkSteepRow'),
      node('Concat', ['brightSteepRow', 'darkSteepRow'], 'steep', { axis: 1 }),
      node('ReduceMean', ['steep'], 'logits', { axes: [2], keepdims: 1 }),
    ],
  }),
  score: () => ({
    outputs: [
      { name: 'pred_score', dims: [1] },
      { name: 'anomaly_map', dims: [1, 1, 'height', 'width'] },
    ],
    more: [
      node('GlobalAveragePool', ['grey'], 'mean'),
      node('Reshape', ['mean', 'one'], 'pred_score'),
      node('Identity', ['cells'], 'anomaly_map'),
    ],
  }),
};

type Corners = [number, number, number, number];

function cornersOf({ side, cell, boxCells = 1 }: CellModel): Corners[] {
  const across = side / cell;
  const reach = (cell * (boxCells - 1)) / 2;
  return Array.from({ length: across * across }, (_, index) => {
    const x = (index % across) * cell;
    const y = Math.floor(index / across) * cell;
    return [x - reach, y - reach, x + cell + reach, y + cell + reach];
  });
}

function centre([x1, y1, x2, y2]: Corners): number[] {
  return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];
}
