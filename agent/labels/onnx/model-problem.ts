// What is wrong with a model, its answer or a picture, said by code that does not know the model's name.

/**
 * `invalid`: the model or its settings have to change. `failed`: it did not answer as it did before. `picture`: only this one
 * picture is at fault. `sentence` goes on after "The model parcels …" or, of a picture, "A picture …".
 */
export class ModelProblem extends Error {
  readonly blame: 'invalid' | 'failed' | 'picture';

  constructor(blame: ModelProblem['blame'], sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.blame = blame;
  }
}

export function shapeWords(dims: readonly number[]): string {
  return `[${dims.join(', ')}]`;
}
