// What a process could not store any more is stored by whoever comes next, once nobody adds to it; real processes, whose store does not answer.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openWorkspace, type Workspace } from '../src/index.ts';
import { keepBringingHome } from '../src/tracking/index.ts';
import { Journal } from '../src/tracking/journal.ts';
import { bringHome, leave } from '../src/tracking/left-behind.ts';
import { workspacePlace } from '../src/workspace/index.ts';
import { start } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-left-behind-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let place = '';
let count = 0;
beforeEach(() => {
  place = join(folder, `place-${++count}`);
  mkdirSync(join(place, '.stratus'), { recursive: true });
});

const library = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const script = `
import { startRun } from ${JSON.stringify(library)};
const run = await startRun({ name: 'left' });
for (let step = 0; step < 5; step++) run.log({ loss: step }, step);
console.log('logged');
if (process.argv[2] === 'stay') setInterval(() => {}, 1000);
else process.exit(0);
`;

const store = (): string => join(place, '.stratus', 'store.db');
const notes = (): string[] =>
  existsSync(join(place, '.stratus', 'waiting')) ? readdirSync(join(place, '.stratus', 'waiting')) : [];
const journals = (): string[] => readdirSync(join(place, '.stratus')).filter((name) => name.includes('.jsonl'));

/** A script that ends while its store cannot be opened. */
async function leaveBehind(): Promise<void> {
  writeFileSync(store(), 'this is no database, and has been so for a while');
  writeFileSync(join(place, 'script.mjs'), script);
  const { ended } = start(['x'], { program: join(place, 'script.mjs'), cwd: place });
  expect((await ended).code).toBe(0);
  rmSync(store());
}

const opened = (): Promise<Workspace> => openWorkspace({ folder: place });

const losses = async ({ store: { runs, metrics } }: Workspace): Promise<readonly number[]> => {
  const [run] = await runs.list();
  return run ? (await metrics.history(run.key, 'loss')).map(({ value }) => value) : [];
};

describe('what a process left behind', () => {
  it('is stored by the next one, and its run is over', async () => {
    await leaveBehind();
    expect(notes()).toHaveLength(1);
    expect(journals()).toHaveLength(1);
    const workspace = await opened();
    expect(await bringHome(workspace)).toEqual({ points: 5, refused: [] });
    expect(await losses(workspace)).toEqual([0, 1, 2, 3, 4]);
    expect((await workspace.store.runs.list())[0]).toMatchObject({ name: 'left', status: 'finished' });
    expect([...notes(), ...journals()]).toEqual([]);
    expect(await bringHome(workspace)).toEqual({ points: 0, refused: [] });
    await workspace.close();
  });

  it('is stored by a server, by itself', async () => {
    await leaveBehind();
    const workspace = await opened();
    let stored = 0;
    const done = new Promise<void>((resolve, reject) => {
      const home = keepBringingHome(workspace, {
        stored(points) {
          stored = points;
          void home.stop().then(resolve);
        },
        trouble: reject,
      });
    });
    await done;
    expect(stored).toBe(5);
    expect(await losses(workspace)).toHaveLength(5);
    await workspace.close();
  });

  it('stays where the workspace is another one, or the project, or the store fails', async () => {
    await leaveBehind();
    const other = await openWorkspace({ folder: place, project: 'other' });
    const elsewhere = await openWorkspace({ folder: place, store: join(place, '.stratus', 'other.db') });
    expect(await bringHome(other)).toEqual({ points: 0, refused: [] });
    expect(await bringHome(elsewhere)).toEqual({ points: 0, refused: [] });
    const workspace = await opened();
    const failing = {
      ...workspace,
      store: { ...workspace.store, metrics: { ...workspace.store.metrics, append: () => Promise.reject(new Error('away')) } },
    };
    await expect(bringHome(failing)).rejects.toThrow('away');
    expect(notes()).toHaveLength(1); // taken aside, and found again
    expect(await bringHome(workspace)).toMatchObject({ points: 5 });
    expect([...notes(), ...journals()]).toEqual([]);
    for (const one of [other, elsewhere, workspace]) await one.close();
  });

  it('is not touched while its process runs', async () => {
    const workspace = await opened();
    const file = join(place, '.stratus', 'run-a.jsonl');
    const at = workspacePlace({ folder: place });
    const journal = new Journal(file, () => leave(at, file));
    await journal.add([{ op: 'open', run: 'a', as: {} }]);
    expect(notes()).toHaveLength(1);
    expect(await bringHome(workspace)).toEqual({ points: 0, refused: [] });
    expect(existsSync(file)).toBe(true);
    await workspace.close();
  });

  it('that was taken aside by one who was killed is found again', async () => {
    await leaveBehind();
    const [note] = notes();
    const path = join(place, '.stratus', 'waiting', note!);
    const said = JSON.parse(readFileSync(path, 'utf8')) as { readonly file: string };
    renameSync(said.file, `${said.file}.taken`);
    writeFileSync(path, JSON.stringify({ ...said, file: `${said.file}.taken` }));
    const workspace = await opened();
    expect(await bringHome(workspace)).toMatchObject({ points: 5 });
    expect([...notes(), ...journals()]).toEqual([]);
    await workspace.close();
  });

  it('and was stored by whoever went on with the run leaves a note that is cleared up', async () => {
    await leaveBehind();
    rmSync(join(place, '.stratus', journals()[0]!));
    writeFileSync(join(place, '.stratus', 'waiting', 'strange.json'), '{"file": 3');
    const workspace = await opened();
    expect(await bringHome(workspace)).toEqual({ points: 0, refused: [] });
    expect(notes()).toEqual(['strange.json']);
    await workspace.close();
  });
});

describe('a journal whose file was taken aside', () => {
  it('goes on with what is added later', async () => {
    const file = join(place, 'run-a.jsonl');
    const entry = (step: number) =>
      ({
        op: 'points',
        run: 'a',
        writer: 'w',
        sequence: step,
        points: [{ name: 'loss', step, value: step, at: new Date(step) }],
      }) as const;
    const journal = new Journal(file);
    await journal.add([entry(1), entry(2)]);
    const found: unknown[] = [];
    renameSync(file, `${file}.taken`);
    await journal.drain(async (one) => void found.push(one));
    expect(found).toEqual([]);
    expect(journal.isEmpty).toBe(true);
    await journal.add([entry(3)]);
    await journal.drain(async (one) => void found.push(one));
    expect(found).toEqual([entry(3)]);
    expect(existsSync(file)).toBe(false);
  });
});
