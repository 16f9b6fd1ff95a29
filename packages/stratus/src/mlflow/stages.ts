import { type Stage, stages } from './model-shape.ts';
import { invalid } from './problem.ts';

/** A stage as it is written, in capitals or small letters. Errors: INVALID_PARAMETER_VALUE. */
export function stageNamed(name: string): Stage {
  const found = stages.find((stage) => stage.toLowerCase() === name.toLowerCase());
  if (found === undefined)
    throw invalid(`Invalid Model Version stage: ${name.slice(0, 60)}. Value must be one of ${stages.join(', ')}.`);
  return found;
}
