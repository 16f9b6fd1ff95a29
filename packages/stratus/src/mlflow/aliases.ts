import { z } from 'zod';
import { checkMove } from '../registry/index.ts';
import { text } from './fields.ts';
import { modelOf, versionOf, versionShape } from './model-shape.ts';
import { invalid, Problem } from './problem.ts';
import { type Route, route } from './route.ts';

const alias = z.object({ name: text, alias: text.max(255) });
const version = z.union([text, z.number().transform(String)]);

/** Aliases. Every move goes into the history of the registry, with who did it. */
export const aliasRoutes: readonly Route[] = [
  route(
    'POST',
    'registered-models/alias',
    'deployer',
    alias.extend({ version }),
    async ({ name, alias, version }, { store, actor }) => {
      if (/^v\d+$/i.test(alias)) throw invalid(`Version alias name '${alias}' is reserved: it reads like a version.`);
      const { version: found } = await versionOf(store, name, version);
      const [gates] = await store.gates.history(name, alias);
      if (gates !== undefined && Object.keys(gates.rules as object).length > 0)
        throw new Problem(
          'RESOURCE_CONFLICT',
          `The alias '${alias}' of '${name}' has gates that a version has to pass first, which MLflow knows nothing of: promote it with \`stratus models promote\`.`,
        );
      await checkMove(store, name, { alias, number: found.number });
      await store.aliases.move(name, alias, found.number, { reason: 'through MLflow', ...(actor && { by: actor }) });
      return {};
    },
  ),
  route('GET', 'registered-models/alias', 'viewer', alias, async ({ name, alias }, { store }) => {
    const { model, versions } = await modelOf(store, name);
    const number =
      alias.toLowerCase() === 'latest'
        ? versions[0]?.version.number
        : Object.hasOwn(model.aliases, alias)
          ? model.aliases[alias]
          : undefined;
    if (number === undefined) throw invalid(`Registered model alias ${alias} not found.`);
    return { model_version: versionShape(await versionOf(store, name, String(number))) };
  }),
  route('DELETE', 'registered-models/alias', 'deployer', alias, async ({ name, alias }, { store, actor }) => {
    const { model } = await modelOf(store, name);
    if (Object.hasOwn(model.aliases, alias))
      await store.aliases.remove(name, alias, { reason: 'through MLflow', ...(actor && { by: actor }) });
    return {}; // MLflow is content where there is none
  }),
];
