import { fail } from '@stratus/core';
import type { Blobs } from '../blobs/index.ts';
import { openServable, type Servable } from '../serve/index.ts';
import type { AliasMove, Json, Store, VersionInfo } from '../store/index.ts';
import { checkMove } from './check-traffic.ts';
import { type Evaluation, evaluateBy } from './evaluations.ts';
import { checkGates, type Evaluate, type GateResult, type GateRules, type Subject } from './gates/index.ts';
import { readBlob } from './read-blob.ts';
import { rollbackTarget } from './rollback-target.ts';

/** How a version is promoted. */
export interface PromoteOptions {
  readonly reason?: string;
  /** Who the store was opened by, where it is left out. */
  readonly by?: string;
  /** Also where a gate is not passed. It needs a reason, and is kept in the history. */
  readonly force?: boolean;
  /** The version that the alias has to have before; undefined: none. Where it is given and somebody else was faster, nothing is moved. */
  readonly expect?: number | undefined;
  /** What gates on metrics go by, where it was measured before; else they measure anew. */
  readonly evaluations?: readonly Evaluation[];
  /** Told what each gate said, as soon as it has. */
  readonly onGate?: (result: GateResult) => void;
}

/** What a promotion did. */
export interface Promotion {
  readonly move: AliasMove;
  /** What every gate said. */
  readonly gates: readonly GateResult[];
  /** Whether it happened in spite of a gate. */
  readonly forced: boolean;
}

/** What promoting works with. */
export interface Parts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly version: (reference: string) => Promise<VersionInfo>;
  readonly evaluate: Evaluate;
}

export const noEvaluate: Evaluate = async () => {
  throw fail('bad-value', {
    what: 'registry',
    got: 'a gate on a metric, and nothing that measures models',
    want: 'the option evaluate: registry(workspace, { evaluate }); or, with the promotion, evaluations of the version and of the one that the alias has now',
  });
};

/** A version for gates, and how it is freed. */
function subjectOf({ blobs }: Parts, version: VersionInfo): Subject & { release(): Promise<void> } {
  let bytes: Promise<Uint8Array> | undefined;
  let servable: Promise<Servable> | undefined;
  const name = `${version.model}:${version.number}`;
  const own: Subject = {
    version,
    bytes: () => (bytes ??= readBlob(blobs, version, 'model').then(({ model }) => model)),
    servable: () => (servable ??= own.bytes().then((model) => openServable(model, { name: version.model, file: name }))),
  };
  return {
    ...own,
    release: async () =>
      void (await servable?.then(
        (made) => made.release(),
        () => undefined,
      )),
  };
}

/** Reads all of a blob: an alias points to nothing that could not be loaded. */
async function verify(blobs: Blobs, { digest }: VersionInfo): Promise<void> {
  for await (const _ of blobs.stream(digest)); // the error comes at the end
}

/** The version that an alias has; undefined where it is new or was taken away. */
async function currentOf({ store }: Parts, model: string, alias: string): Promise<VersionInfo | undefined> {
  const { aliases } = await store.models.get(model);
  const name = alias.replace(/^@/, '');
  return Object.hasOwn(aliases, name) ? await store.models.version(model, aliases[name]!) : undefined;
}

const versionShown = (number: number | undefined): string => (number === undefined ? 'no version' : `version ${number}`);
const shown = ({ gate, got, want }: GateResult): string => `${gate}: ${got}${want === '' ? '' : `, and it should be ${want}`}`;

/** Errors: see `Registry.promote`. */
export async function promote(parts: Parts, reference: string, alias: string, options: PromoteOptions): Promise<Promotion> {
  const { reason, by, force = false, evaluations = [], onGate = () => {} } = options;
  const { store, blobs, version } = parts;
  if (force && !reason?.trim())
    throw fail('bad-value', { what: 'promote', got: 'force without a reason', want: 'a reason, which is kept in the history' });
  const found = await version(reference);
  const { model, number } = found;
  const [declared] = await store.gates.history(model, alias);
  const current = await currentOf(parts, model, alias);
  if ('expect' in options && options.expect !== current?.number)
    throw fail('conflict', {
      what: `The alias '${alias.replace(/^@/, '')}' of the model '${model}'`,
      reason: `has ${versionShown(current?.number)}, not ${versionShown(options.expect)}`,
      fix: 'Somebody else moved it: look at its history, and decide again.',
    });
  const compared = [found, ...(current === undefined ? [] : [current])];
  const evaluate = evaluations.length === 0 ? parts.evaluate : evaluateBy(evaluations, compared, parts.evaluate);
  await verify(blobs, found);
  const subjects = [subjectOf(parts, found), ...(current === undefined ? [] : [subjectOf(parts, current)])] as const;
  let gates: readonly GateResult[];
  try {
    gates = await checkGates((declared?.rules ?? {}) as GateRules, subjects[0], subjects[1], { evaluate, onGate });
  } finally {
    for (const subject of subjects) await subject.release();
  }
  const missed = gates.filter(({ passed }) => !passed);
  if (missed.length > 0 && !force)
    throw fail('conflict', {
      what: `Version ${number} of the model '${model}'`,
      reason: `does not pass the gates of '${alias.replace(/^@/, '')}': ${missed.map(shown).join('; ')}`,
      fix: 'Nothing was moved. Mend the model, change the gates, or force it with a reason.',
    });
  if (!force) await checkMove(store, model, { alias, number });
  const move = await store.aliases.move(model, alias, number, {
    expect: current?.number, // while gates were asked, nobody else has moved it
    ...(reason !== undefined && { reason }),
    ...(by !== undefined && { by }),
    ...(gates.length > 0 && {
      gates: {
        forced: missed.length > 0,
        results: gates,
        ...(evaluations.length > 0 && { evaluations }),
      } as unknown as Json,
    }),
  });
  return { move, gates, forced: missed.length > 0 };
}

/** Errors: see `Registry.rollback`. */
export async function rollback(
  parts: Parts,
  model: string,
  alias: string,
  { reason, by }: { readonly reason?: string; readonly by?: string },
): Promise<AliasMove> {
  const { store, blobs } = parts;
  const history = await store.aliases.history(model, alias);
  const target = rollbackTarget(history.toReversed());
  const name = alias.replace(/^@/, '');
  if (target === undefined)
    throw fail('conflict', {
      what: `The alias '${name}' of the model '${model}'`,
      reason: 'pointed to no other version before',
      fix: 'Promote another one, or look at its history.',
    });
  await verify(blobs, await store.models.version(model, target));
  return await store.aliases.move(model, alias, target, {
    kind: 'rollback',
    expect: history[0]!.version,
    reason: reason ?? '',
    ...(by !== undefined && { by }),
  });
}
