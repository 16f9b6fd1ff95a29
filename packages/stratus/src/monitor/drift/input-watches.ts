import type { Tensor } from '@stratus/core';
import type { FieldsOf } from '../../serve/index.ts';
import type { WatchedModel } from '../watched-model.ts';
import { fieldWatch, inputWatch, type Open, rowWidth, type Watch } from './watches.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** What came with a request: what the graph was fed, and where records came, what was in their fields. */
export interface Came {
  readonly feeds: Tensors;
  readonly fields: FieldsOf | undefined;
}

/**
 * The watches of all that comes to a version. Fields of records are compared as they came, since that is what the statistics of the training are of: the graph is fed numbers
 * that stand for them. What has no such statistics (images, texts, lists) is compared as the graph is fed it.
 */
export class InputWatches {
  readonly #fields = new Map<string, (value: unknown) => void>();
  readonly #feeds = new Map<string, Watch>();

  constructor(about: WatchedModel | undefined, { feeds, fields }: Came, open: Open) {
    const { baseline = {} } = about?.manifest ?? {};
    const known = (name: string) => (Object.hasOwn(baseline, name) ? baseline[name] : undefined);
    const covered = new Set<string>();
    const owners = new Map<string, string>();
    for (const config of (fields && about?.preprocessing?.fields) || []) {
      const { field, feed } = config;
      owners.set(feed, field);
      const watch = fieldWatch(config, known(field), open);
      if (watch === undefined) continue;
      covered.add(feed);
      if (!this.#fields.has(field)) this.#fields.set(field, watch);
    }
    for (const [name, tensor] of Object.entries(feeds)) {
      if (covered.has(name)) continue;
      this.#feeds.set(name, inputWatch(name, tensor, known(name) ?? known(owners.get(name) ?? name), open));
    }
  }

  /** So many rows of a request. */
  add({ feeds, fields }: Came, rows: number): void {
    for (const [name, watch] of this.#feeds) if (feeds[name] !== undefined) addRows(watch, feeds[name], rows);
    if (fields === undefined || this.#fields.size === 0) return;
    const all = fields.rows;
    const count = Math.min(all, rows);
    for (const [field, watch] of this.#fields)
      for (let i = 0; i < count; i++) watch(fields.value(field, Math.floor((i * all) / count)));
  }
}

/** So many rows of a tensor, from all over it. */
export function addRows(watch: Watch, tensor: Tensor, wanted: number): void {
  const width = rowWidth(tensor);
  if (width === 0) return;
  const all = tensor.data.length / width;
  const rows = Math.min(all, wanted);
  for (let i = 0; i < rows; i++) watch({ tensor, start: Math.floor((i * all) / rows) * width, width });
}
