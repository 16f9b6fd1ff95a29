import { afterEach, expect, it, vi } from 'vitest';
import { parameters } from '../src/sweeps/index.ts';

afterEach(() => vi.unstubAllEnvs());
const given = (json: string): void => void vi.stubEnv('STRATUS_PARAMS', json);
const defaults = { learningRate: 0.01, optimizer: 'adam' as 'adam' | 'sgd', augment: false };

it('parameters are the defaults, and over them what a sweep says', () => {
  expect(parameters(defaults)).toEqual(defaults);
  given('{"learningRate":0.5,"optimizer":"sgd"}');
  expect(parameters(defaults)).toEqual({ learningRate: 0.5, optimizer: 'sgd', augment: false });
});

it('parameters that the script does not have, or of another type, are refused', () => {
  given('{"learningrate":0.5}');
  expect(() => parameters(defaults)).toThrow(
    "There is no parameter of this script named 'learningrate'. Did you mean 'learningRate'?",
  );
  given('{"learningRate":"fast"}');
  expect(() => parameters(defaults)).toThrow(
    'the parameter \'learningRate\' (STRATUS_PARAMS): got "fast", expected a finite number, as its default 0.01.',
  );
  given('{"augment":null}');
  expect(() => parameters(defaults)).toThrow('true or false');
  for (const text of ['[1]', 'learningRate=1', '7']) {
    given(text);
    expect(() => parameters(defaults)).toThrow('STRATUS_PARAMS');
  }
});
