// The versions that are written down in several places are one.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { version } from '../src/version.ts';

interface Package {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}
const read = (name: string): Package =>
  JSON.parse(readFileSync(new URL(`../../${name}/package.json`, import.meta.url), 'utf8')) as Package;

it('is that of the packages, and the platform asks for this very core', () => {
  expect([read('core').version, read('stratus').version, read('stratus').dependencies['@stratus/core']]).toEqual([
    version,
    version,
    version,
  ]);
});
