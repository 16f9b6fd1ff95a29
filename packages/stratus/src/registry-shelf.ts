import { fail } from '@stratus/core';
import { beginsAsArchive } from './registry/index.ts';
import type { Shelf } from './serve/index.ts';
import type { Workspace } from './workspace/index.ts';

/** The models of a registry: of each `@production` is the standard version, or the newest where there is no such alias. */
export const registryShelf = ({ store, blobs }: Workspace): Shelf => ({
  async list() {
    const models = await store.models.list();
    return models
      .filter(({ versions }) => versions > 0)
      .map(({ name, versions, aliases }) => ({
        name,
        versions: Array.from({ length: versions }, (_, i) => String(i + 1)),
        wanted: String(aliases['production'] ?? versions),
        aliases: Object.fromEntries(Object.entries(aliases).map(([alias, number]) => [alias, String(number)])),
      }));
  },
  async read(name, version) {
    const { digest } = await store.models.version(name, Number(version));
    if (await beginsAsArchive(blobs.stream(digest)))
      throw fail('bad-value', {
        what: `${name}:${version}`,
        got: 'a model that takes its weights from other files, which a server cannot hold',
        want: 'one file',
        fix: 'Register it as one file of less than 2 GB; until then the version before is served.',
      });
    return await blobs.read(digest);
  },
});
