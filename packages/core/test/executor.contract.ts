import { describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import type { Executor, Program, Tensors } from '../src/runtime/executor.ts';
import { type DType, dtypes, Tensor, type TypedArray, tensor } from '../src/tensor/index.ts';
import {
  affine,
  aliasTrap,
  counter,
  dropout,
  echo,
  growing,
  model,
  nonZero,
  picky,
  reshaping,
  rowWriter,
  swap,
  trapLayers,
  trapTensors,
} from './executor.models.ts';

const numbers = (t: Tensor | undefined): number[] => Array.from(t!.data as Float32Array, Number);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (e: unknown) => (StratusError.is(e) ? e.code : `not ours: ${String(e)}`),
  );
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (e: unknown) => (e as Error).message,
  );

/**
 * What every executor promises. `make` gives a new one. `checksIndices`: kernels of GPUs do not ask whether an index is there.
 * `updatesRows`: not of what is held on a GPU. `trainsDropout`: the build for browsers with WebGPU has no Dropout of ONNX's, which we never emit for training.
 */
export function executorContract(
  name: string,
  make: () => Promise<Executor>,
  { checksIndices = true, trainsDropout = true, updatesRows = true } = {},
): void {
  let shared: Promise<Executor> | undefined;
  const executor = (): Promise<Executor> => (shared ??= make());
  const compile = async (bytes: Uint8Array): Promise<Program> => (await executor()).compile(bytes);
  const hold = async (tensors: Tensors) => (await executor()).hold(tensors);

  describe(`executor: ${name}`, () => {
    describe('programs', () => {
      it('say what they are driven by', async () => {
        const { device, description } = await executor();
        expect(device).toMatch(/^(cpu|wasm|webgpu)$/);
        expect(description).toContain('ONNX Runtime 1.');
      });

      it('tell their inputs and outputs', async () => {
        const program = await compile(affine);
        expect(program.inputs).toEqual([
          { name: 'x', dtype: 'float32', shape: ['batch', 2] },
          { name: 'a', dtype: 'float32', shape: [] },
          { name: 'b', dtype: 'float32', shape: [2] },
        ]);
        expect(program.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: ['batch', 2] }]);
      });

      it('tell a scalar from a port of unknown rank', async () => {
        const program = await compile(echo('float32', null));
        expect(program.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [], anyRank: true }]);
        expect((await program.run({ x: tensor([[1], [2]]) })).y!.shape).toEqual([2, 1]);
        const scalar = await compile(echo('float32', []));
        expect(scalar.inputs[0]).not.toHaveProperty('anyRank');
        expect(await codeOf(scalar.run({ x: tensor([1]) }))).toBe('shape-mismatch');
      });

      it('compute, at one batch size and at another, again and again', async () => {
        const program = await compile(affine);
        for (const batch of [1, 3, 1, 2, 5000, 3, 1, 5000]) {
          const x = new Tensor(
            'float32',
            [batch, 2],
            new Float32Array(batch * 2).map((_, i) => i % 100),
          );
          const { y } = await program.run({ x, a: tensor(2), b: tensor([1, -1]) });
          expect(y!.shape).toEqual([batch, 2]);
          expect(numbers(y)).toEqual(Array.from(x.data, (v, i) => 2 * v + (i % 2 === 0 ? 1 : -1)));
        }
      });

      it.each(Object.keys(dtypes) as DType[])('carry %s through unchanged', async (dtype) => {
        const values = ['bool', 'string'].includes(dtype) ? [1, 0, 1] : [1, 2, 3];
        const x = dtype === 'string' ? tensor(['ä', '', 'a longer text']) : tensor(values, { dtype });
        const program = await compile(echo(dtype, ['n']));
        for (let i = 0; i < 3; i++) {
          const { y } = await program.run({ x });
          expect(y!.dtype).toBe(dtype);
          expect(y!.shape).toEqual([3]);
          expect([...(y!.data as Iterable<unknown>)]).toEqual([...(x.data as Iterable<unknown>)]);
        }
      });

      it('take and give tensors without elements', async () => {
        const program = await compile(affine);
        for (let i = 0; i < 3; i++) {
          const { y } = await program.run({
            x: new Tensor('float32', [0, 2], new Float32Array(0)),
            a: tensor(2),
            b: tensor([1, 1]),
          });
          expect([y!.shape, y!.size]).toEqual([[0, 2], 0]);
        }
      });

      it('take views at an offset, shared memory, and arrays of other realms', async () => {
        const program = await compile(affine);
        const rest = { a: tensor(1), b: tensor([0, 0]) };
        for (const n of [2, 20_000]) {
          const whole = new Float32Array(n * 2 + 3).map((_, i) => i);
          const view = new Tensor('float32', [n, 2], whole.subarray(3));
          const shared = new Tensor('float32', [n, 2], new Float32Array(new SharedArrayBuffer(n * 8 + 4), 4));
          shared.data.set(view.data);
          for (const x of [view, shared, view, shared]) {
            expect(numbers((await program.run({ x, ...rest })).y)).toEqual(Array.from(view.data));
          }
        }
      });

      it('give outputs whose shape only the run can tell, and those whose declaration is wrong', async () => {
        for (const columns of ['k', 'n', '']) {
          const program = await compile(nonZero(columns));
          for (const x of [
            [0, 5, 0, 6],
            [1, 0, 0, 0],
            [0, 0],
            [3, 3],
          ]) {
            const { at } = await program.run({ x: tensor(x) });
            const want = x.flatMap((v, i) => (v === 0 ? [] : [i]));
            expect(at!.shape).toEqual([1, want.length]);
            expect(numbers(at)).toEqual(want);
          }
        }
      });

      it('give tensors that belong to the caller', async () => {
        const program = await compile(affine);
        const feeds = { x: tensor([[1, 2]]), a: tensor(1), b: tensor([0, 0]) };
        const results = [];
        for (let i = 0; i < 4; i++) {
          const { y } = await program.run(feeds);
          results.push(y!);
          (feeds.x.data as Float32Array)[0]!++;
        }
        expect(results.map((y) => y.data[0])).toEqual([1, 2, 3, 4]);
        (results[0]!.data as Float32Array).fill(99);
        expect(numbers((await program.run(feeds)).y)).toEqual([5, 2]);
      });

      it('run one after another when called 200 times at once', async () => {
        const program = await compile(affine);
        const runs = Array.from({ length: 200 }, (_, i) => program.run({ x: tensor([[i, 0]]), a: tensor(1), b: tensor([0, 0]) }));
        expect((await Promise.all(runs)).map(({ y }) => y!.data[0])).toEqual(Array.from({ length: 200 }, (_, i) => i));
      });
    });

    describe('wrong feeds are told by name', () => {
      const good = (): Record<string, Tensor> => ({ x: tensor([[1, 2]]), a: tensor(2), b: tensor([0, 0]) });
      const wrong: [string, () => Tensors, string, RegExp][] = [
        ['a missing input', () => ({ x: tensor([[1, 2]]), a: tensor(2) }), 'bad-value', /no tensor for the input 'b'/],
        ['a misspelt input', () => ({ ...good(), bb: tensor([0, 0]) }), 'unknown-name', /no input named 'bb'.*Did you mean 'b'/],
        [
          'a dtype',
          () => ({ ...good(), a: tensor(2, { dtype: 'float64' }) }),
          'dtype-mismatch',
          /input 'a': got float64, expected float32/,
        ],
        ['a rank', () => ({ ...good(), x: tensor([1, 2]) }), 'shape-mismatch', /input 'x': got \[2\], expected \[batch, 2\]/],
        ['a size', () => ({ ...good(), x: tensor([[1, 2, 3]]) }), 'shape-mismatch', /input 'x'/],
        ['no tensor', () => ({ ...good(), a: 2 as unknown as Tensor }), 'bad-value', /input 'a': got number/],
        ['nothing', () => ({ ...good(), a: undefined as unknown as Tensor }), 'bad-value', /input 'a'/],
        [
          'a tensor that lies about its length',
          () => ({ ...good(), x: { dtype: 'float32', shape: [1000, 2], data: new Float32Array(2) } as unknown as Tensor }),
          'bad-value',
          /input 'x': got 2 elements/,
        ],
        [
          'a tensor over the wrong array',
          () => ({ ...good(), b: { dtype: 'float32', shape: [2], data: new Float64Array(2) } as unknown as Tensor }),
          'dtype-mismatch',
          /input 'b': got float32 over Float64Array/,
        ],
        [
          'a tensor of impossible sizes',
          () => ({ ...good(), x: { dtype: 'float32', shape: [-1, -2], data: new Float32Array(2) } as unknown as Tensor }),
          'bad-value',
          /input 'x'/,
        ],
      ];
      it.each(wrong)('%s', async (_, feeds, code, message) => {
        const program = await compile(affine);
        for (let i = 0; i < 3; i++) {
          expect(await codeOf(program.run(feeds()))).toBe(code);
          expect(await messageOf(program.run(feeds()))).toMatch(message);
          await program.run(good());
        }
      });

      it('sizes of one name that differ', async () => {
        const program = await compile(
          model({
            inputs: { x: ['float32', ['batch']], y: ['float32', ['batch']] },
            outputs: { z: ['float32', ['batch']] },
            nodes: [['Add', ['x', 'y'], ['z']]],
          }),
        );
        const run = program.run({ x: tensor([1, 2]), y: tensor([1, 2, 3]) });
        expect(await messageOf(run)).toMatch(/input 'y': got \[3\], expected \[batch\] with batch = 2/);
      });

      it('unknown outputs, and none at all', async () => {
        const program = await compile(affine);
        expect(await codeOf(program.run(good(), { fetch: ['Y'] }))).toBe('unknown-name');
        expect(await codeOf(program.run(good(), { fetch: [] }))).toBe('bad-value');
      });

      it('memory that was transferred away', async () => {
        const program = await compile(affine);
        const feeds = good();
        structuredClone(feeds.x!.data, { transfer: [(feeds.x!.data as Float32Array).buffer as ArrayBuffer] });
        expect(await codeOf(program.run(feeds))).toBe('bad-value');
        const [first, second] = [good(), good()];
        const runs = [program.run(first), program.run(second)];
        structuredClone(second.x!.data, { transfer: [(second.x!.data as Float32Array).buffer as ArrayBuffer] });
        expect((await Promise.allSettled(runs))[0]!.status).toBe('fulfilled');
        expect(await codeOf(runs[1]!)).toMatch(/^(bad-value|no error)$/);
        expect(numbers((await program.run(good())).y)).toEqual([2, 4]);
      });
    });

    describe('held tensors', () => {
      it('are inputs that need not be fed, and feeds come first', async () => {
        const program = await compile(affine);
        const held = await hold({ a: tensor(3), b: tensor([10, 20]) });
        const x = tensor([[1, 2]]);
        for (let i = 0; i < 3; i++) {
          expect(numbers((await program.run({ x }, { held })).y)).toEqual([13, 26]);
          expect(numbers((await program.run({ x, a: tensor(0) }, { held })).y)).toEqual([10, 20]);
        }
      });

      it('are copies, both ways', async () => {
        const a = tensor([1, 2, 3]);
        const held = await hold({ a });
        (a.data as Float32Array).fill(9);
        const read = await held.read();
        expect(numbers(read.a)).toEqual([1, 2, 3]);
        (read.a!.data as Float32Array).fill(8);
        expect(numbers((await held.read(['a'])).a)).toEqual([1, 2, 3]);
        const b = tensor([4, 5, 6]);
        await held.write({ a: b });
        (b.data as Float32Array).fill(7);
        expect(numbers((await held.read()).a)).toEqual([4, 5, 6]);
      });

      it('refuse to be overwritten with something else, and then nothing is written', async () => {
        const held = await hold({ a: tensor([1, 2]), b: tensor([3, 4]) });
        const a = tensor([9, 9]);
        expect(await codeOf(held.write({ a, c: tensor(1) }))).toBe('unknown-name');
        expect(await codeOf(held.write({ a, b: tensor([1, 2, 3]) }))).toBe('shape-mismatch');
        expect(await codeOf(held.write({ a, b: tensor([1, 2], { dtype: 'int32' }) }))).toBe('dtype-mismatch');
        expect(await codeOf(held.read(['A']))).toBe('unknown-name');
        expect(numbers((await held.read()).a)).toEqual([1, 2]);
        expect(held.names).toEqual(['a', 'b']);
      });

      it('cannot be texts', async () => {
        expect(await codeOf(hold({ a: tensor(['x']) }))).toBe('dtype-mismatch');
      });

      it('are updated after the run, which itself sees the old values', async () => {
        const program = await compile(counter);
        const held = await hold({ count: tensor(0) });
        for (let i = 0; i < 20; i++) {
          const { seen, next } = await program.run({ by: tensor(1) }, { held, updates: { next: 'count' } });
          expect(numbers(seen)).toEqual([i * 10]);
          expect(next).toBeUndefined();
        }
        expect(numbers((await held.read()).count)).toEqual([20]);
      });

      it('can be updated and fetched at once', async () => {
        const program = await compile(counter);
        const held = await hold({ count: tensor(0) });
        for (let i = 1; i <= 4; i++) {
          const result = await program.run({ by: tensor(1) }, { held, updates: { next: 'count' }, fetch: ['next'] });
          expect(Object.keys(result)).toEqual(['next']);
          expect(numbers(result.next)).toEqual([i]);
          (result.next!.data as Float32Array).fill(1000); // belongs to the caller
        }
        expect(numbers((await held.read()).count)).toEqual([4]);
      });

      it('need not be fetched: a run may have updates only', async () => {
        const program = await compile(counter);
        const held = await hold({ count: tensor(0) });
        for (let i = 0; i < 3; i++)
          expect(await program.run({ by: tensor(2) }, { held, updates: { next: 'count' }, fetch: [] })).toEqual({});
        expect(numbers((await held.read()).count)).toEqual([6]);
      });

      it('change places in one run', async () => {
        const program = await compile(swap);
        const held = await hold({ a: tensor([1, 2, 3]), b: tensor([4, 5, 6]) });
        for (let i = 1; i <= 5; i++) {
          await program.run({}, { held, updates: { newA: 'a', newB: 'b' } });
          const { a, b } = await held.read();
          expect([numbers(a), numbers(b)]).toEqual(
            i % 2 === 1
              ? [
                  [4, 5, 6],
                  [1, 2, 3],
                ]
              : [
                  [1, 2, 3],
                  [4, 5, 6],
                ],
          );
        }
      });

      it('do not fall into the trap of updating in place', async () => {
        const program = await compile(aliasTrap);
        const { feeds, weights } = trapTensors();
        const updates = Object.fromEntries(Array.from({ length: trapLayers }, (_, l) => [`new_w${l}`, `w${l}`]));
        const held = await hold(weights);
        let reference: Tensors = weights;
        for (let step = 0; step < 4; step++) {
          const fresh: Tensors = await program.run({ ...feeds, ...reference });
          reference = Object.fromEntries(Object.entries(fresh).map(([output, t]) => [updates[output]!, t]));
          await program.run(feeds, { held, updates });
        }
        const got = await held.read();
        for (const [weight, want] of Object.entries(reference)) expect(numbers(got[weight])).toEqual(numbers(want));
      });

      it('serve several programs, each with updates of its own', async () => {
        const [add, turn] = [await compile(counter), await compile(swap)];
        const held = await hold({ count: tensor(1), by: tensor(2), a: tensor([1, 1, 1]), b: tensor([2, 2, 2]) });
        for (let i = 0; i < 6; i++) {
          await add.run({}, { held, updates: i % 2 === 0 ? { next: 'count' } : { seen: 'count' } });
          await turn.run({}, { held, updates: { newA: 'a' } });
        }
        const { count, a, b } = await held.read();
        expect(numbers(count)).toEqual([(((1 + 2) * 10 + 2) * 10 + 2) * 10]);
        expect([numbers(a), numbers(b)]).toEqual([
          [2, 2, 2],
          [2, 2, 2],
        ]);
      });

      it('are read and written in the order of the calls', async () => {
        const program = await compile(counter);
        const held = await hold({ count: tensor(0), by: tensor(1) });
        const options = { held, updates: { next: 'count' } };
        const runs = Array.from({ length: 50 }, () => program.run({}, options));
        const after = held.read();
        const write = held.write({ count: tensor(1000) });
        const more = program.run({}, options);
        const last = held.read();
        expect((await Promise.all(runs)).map(({ seen }) => numbers(seen)[0])).toEqual(
          Array.from({ length: 50 }, (_, i) => i * 10),
        );
        expect(numbers((await after).count)).toEqual([50]);
        await Promise.all([write, more]);
        expect(numbers((await last).count)).toEqual([1001]);
      });

      it('stay as they were when a run fails', async () => {
        const program = await compile(reshaping);
        const held = await hold({ w: tensor(0) });
        const run = (to: number) =>
          program.run({ x: tensor([7, 8, 9]), to: tensor([BigInt(to)]) }, { held, updates: { next: 'w' } });
        for (let i = 0; i < 3; i++) {
          expect(numbers((await run(3)).y)).toEqual([7, 8, 9]);
          expect(await codeOf(run(5))).toBe('engine');
          expect(numbers((await held.read()).w)).toEqual([i + 1]);
        }
      });

      if (checksIndices)
        it('stay as they were when an index is not there, and that is told', async () => {
          const program = await compile(picky);
          const held = await hold({ w: tensor(0) });
          const run = (at: number) =>
            program.run({ x: tensor([7, 8, 9]), at: tensor(BigInt(at)) }, { held, updates: { next: 'w' } });
          for (let i = 0; i < 3; i++) {
            expect(numbers((await run(1)).y)).toEqual([8]);
            expect(await codeOf(run(5))).toBe('index-range');
            expect(numbers((await held.read()).w)).toEqual([i + 1]);
          }
          expect(await messageOf(run(5))).toMatch(/^Gather_1 looks things up by numbers from 0 to 2, but 5 occurs/);
        });

      it('refuse updates that cannot be', async () => {
        const program = await compile(counter);
        const held = await hold({ count: tensor(0), list: tensor([0, 0]), whole: tensor(0, { dtype: 'int32' }) });
        const by = tensor(1);
        expect(await codeOf(program.run({ by }, { held, updates: { nxt: 'count' } }))).toBe('unknown-name');
        expect(await codeOf(program.run({ by }, { held, updates: { next: 'counter' } }))).toBe('unknown-name');
        expect(await codeOf(program.run({ by }, { held, updates: { next: 'list' } }))).toBe('shape-mismatch');
        expect(await codeOf(program.run({ by }, { held, updates: { next: 'whole' } }))).toBe('dtype-mismatch');
        expect(await codeOf(program.run({ by }, { held, updates: { next: 'count', seen: 'count' } }))).toBe('bad-value');
        expect(await codeOf(program.run({ by, count: tensor(0) }, { updates: { next: 'count' } }))).toBe('bad-value');
        expect(numbers((await held.read()).count)).toEqual([0]);
      });

      it('refuse an update that comes out in another shape', async () => {
        const program = await compile(growing);
        const held = await hold({ x: tensor([1, 2]) });
        for (let i = 0; i < 3; i++) expect(await codeOf(program.run({}, { held, updates: { y: 'x' } }))).toBe('shape-mismatch');
        expect(numbers((await held.read()).x)).toEqual([1, 2]);
        expect(numbers((await program.run({}, { held })).y)).toEqual([1, 2, 1, 2]);
      });
    });

    describe('rows of held tensors', () => {
      const five = (dtype: DType = 'float32') => tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { dtype }).reshape([5, 2]);
      const rowUpdates = { table: { rows: 'rows', values: 'values' } };
      const feeds = (at: readonly number[], to: readonly number[][], dtype: DType = 'float32') => ({
        at: new Tensor('int64', [at.length], BigInt64Array.from(at, BigInt)),
        to: to.length > 0 ? tensor(to, { dtype }) : new Tensor('float32', [0, 2], new Float32Array(0)),
        pick: tensor([1n]),
      });
      const start = () => hold({ table: five(), count: tensor(0), by: tensor(1) });

      if (!updatesRows) {
        it('are refused plainly where they cannot be written', async () => {
          const [program, held] = [await compile(rowWriter()), await start()];
          expect((await executor()).updatesRows).toBe(false);
          const run = () => program.run(feeds([1], [[8, 9]]), { held, rowUpdates });
          expect(await codeOf(run())).toBe('bad-value');
          expect(await messageOf(run())).toMatch(/on the device 'webgpu'.*without sparse: true/);
          expect(numbers((await held.read()).table)).toEqual(numbers(five()));
        });
        return;
      }

      it('are written after the run, which itself sees the old ones, with everything else that is updated', async () => {
        const [program, held] = [await compile(rowWriter()), await start()];
        const want = numbers(five());
        const options = { held, rowUpdates, updates: { next: 'count' } };
        for (const [i, at] of [[3], [4, 0], [], [1, 2, 3], [2]].entries()) {
          const to = at.map((row) => [row * 100 + i, -i]);
          const { seen, rows, values } = await program.run(feeds(at, to), options);
          expect(numbers(seen)).toEqual(want);
          expect([rows, values]).toEqual([undefined, undefined]);
          for (const [k, row] of at.entries()) want.splice(row * 2, 2, ...to[k]!);
          const { table, count } = await held.read();
          expect([numbers(table), numbers(count)]).toEqual([want, [i + 1]]);
        }
      });

      it('can be fetched at once, and belong to the caller', async () => {
        const [program, held] = [await compile(rowWriter()), await start()];
        const { rows, values } = await program.run(feeds([2], [[8, 9]]), { held, rowUpdates, fetch: ['rows', 'values'] });
        expect([numbers(rows), numbers(values)]).toEqual([[2], [8, 9]]);
        (values!.data as Float32Array).fill(1000);
        expect(await program.run(feeds([0], [[6, 7]]), { held, rowUpdates, fetch: [] })).toEqual({});
        expect(numbers((await held.read()).table)).toEqual([6, 7, 2, 3, 8, 9, 6, 7, 8, 9]);
      });

      it('may be of a tensor that other runs replace, and of any dtype that is held', async () => {
        const [program, held] = [await compile(rowWriter()), await start()];
        await program.run(feeds([2], [[8, 9]]), { held, rowUpdates });
        await program.run(feeds([2], [[1, 1]]), { held, updates: { seen: 'table' } });
        await program.run(feeds([0], [[5, 5]]), { held, rowUpdates });
        expect(numbers((await held.read()).table)).toEqual([5, 5, 2, 3, 8, 9, 6, 7, 8, 9]);
        for (const dtype of ['float16', 'int64', 'float64', 'int32'] as const) {
          const own = await compile(rowWriter(dtype, 'int32'));
          const set = await hold({ table: five(dtype), count: tensor(0), by: tensor(1) });
          const at = tensor([4, 1], { dtype: 'int32' });
          await own.run({ ...feeds([], []), at, to: tensor([8, 9, 6, 5], { dtype }).reshape([2, 2]) }, { held: set, rowUpdates });
          const want = tensor([0, 1, 6, 5, 4, 5, 6, 7, 8, 9], { dtype });
          expect([...((await set.read()).table!.data as Iterable<unknown>)]).toEqual([...(want.data as Iterable<unknown>)]);
        }
      });

      it('stay as they were when one of them is not there, and so does everything else', async () => {
        const [program, held] = [await compile(rowWriter()), await start()];
        const run = (at: number[], to: number[][]) =>
          program.run(feeds(at, to), { held, rowUpdates, updates: { next: 'count' } });
        for (const wrong of [5, -1, 2 ** 40]) {
          const two = [
            [8, 8],
            [9, 9],
          ];
          expect(await codeOf(run([1, wrong], two))).toBe('index-range');
          expect(await messageOf(run([1, wrong], two))).toContain(`0 to 4, but ${wrong} occurs`);
          const { table, count } = await held.read();
          expect([numbers(table), numbers(count)]).toEqual([numbers(five()), [0]]);
        }
        await run([1], [[8, 8]]);
        expect(numbers((await held.read()).count)).toEqual([1]);
      });

      if (checksIndices)
        it('stay as they were when the run fails', async () => {
          const [program, held] = [await compile(rowWriter()), await start()];
          for (let i = 0; i < 3; i++) {
            const failing = { ...feeds([1], [[8, 8]]), pick: tensor([7n]) };
            expect(await codeOf(program.run(failing, { held, rowUpdates }))).toBe('index-range');
            expect(numbers((await held.read()).table)).toEqual(numbers(five()));
          }
        });

      it('stay as they were when the run is stopped', async () => {
        const [program, held] = [await compile(rowWriter()), await start()];
        const options = { held, rowUpdates, updates: { next: 'count' } };
        const waiting = new AbortController();
        const runs = [0, 1, 2].map((row) =>
          program.run(feeds([row], [[8, 8]]), { ...options, ...(row === 1 && { signal: waiting.signal }) }),
        );
        waiting.abort();
        expect((await Promise.allSettled(runs)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        const { table, count } = await held.read();
        expect([numbers(table), numbers(count)]).toEqual([[8, 8, 2, 3, 8, 8, 6, 7, 8, 9], [2]]);
      });

      it('refuse what cannot be', async () => {
        const program = await compile(rowWriter());
        const held = await hold({
          table: five(),
          wide: tensor([[1, 2, 3]]),
          whole: five('int32'),
          count: tensor(0),
          by: tensor(1),
        });
        const codes: Record<string, object> = {
          'unknown-name': { held, rowUpdates: { tabel: rowUpdates.table } },
          'unknown-name 2': { held, rowUpdates: { table: { rows: 'row', values: 'values' } } },
          'bad-value': { rowUpdates },
          'bad-value 2': { held, rowUpdates, updates: { seen: 'table' } },
          'bad-value 3': { held, rowUpdates, updates: { values: 'table' } },
          'bad-value 4': { held, rowUpdates: { count: rowUpdates.table } },
          'dtype-mismatch': { held, rowUpdates: { table: { rows: 'next', values: 'values' } } },
          'dtype-mismatch 2': { held, rowUpdates: { whole: rowUpdates.table } },
          'shape-mismatch': { held, rowUpdates: { wide: rowUpdates.table } },
          'shape-mismatch 2': { held, rowUpdates: { table: { rows: 'rows', values: 'seen' } } },
        };
        for (const [code, options] of Object.entries(codes)) {
          const all = {
            ...feeds([1], [[8, 8]]),
            ...('held' in options ? {} : { table: five(), count: tensor(0), by: tensor(1) }),
          };
          expect(await codeOf(program.run(all, options)), code).toBe(code.split(' ')[0]);
        }
        const { table, count } = await held.read();
        expect([numbers(table), numbers(count)]).toEqual([numbers(five()), [0]]);
      });

      it('are many, in pieces', async () => {
        const [rows, width] = [3000, 1000]; // 12 MB
        const program = await compile(
          model({
            inputs: { table: ['float32', [rows, width]], at: ['int64', ['n']], to: ['float32', ['n', width]] },
            outputs: { rows: ['int64', ['n']], values: ['float32', ['n', width]] },
            nodes: [
              ['Identity', ['at'], ['rows']],
              ['Identity', ['to'], ['values']],
            ],
          }),
        );
        const held = await hold({ table: new Tensor('float32', [rows, width], new Float32Array(rows * width)) });
        const at = new Tensor(
          'int64',
          [rows],
          BigInt64Array.from({ length: rows }, (_, i) => BigInt((i * 7) % rows)),
        );
        const to = new Tensor(
          'float32',
          [rows, width],
          Float32Array.from({ length: rows * width }, (_, i) => Math.floor(i / width)),
        );
        const run = program.run({ at, to }, { held, rowUpdates });
        const { table } = await held.read(); // waits for the rows as well
        await run;
        const wrong = numbers(table).findIndex((v, i) => (v * 7) % rows !== Math.floor(i / width));
        expect(wrong).toBe(-1);
      });
    });

    describe('stopping', () => {
      it('before a run begins', async () => {
        const program = await compile(counter);
        const held = await hold({ count: tensor(0), by: tensor(1) });
        const options = { held, updates: { next: 'count' } };
        expect(await codeOf(program.run({}, { ...options, signal: AbortSignal.abort() }))).toBe('aborted');
        const waiting = new AbortController();
        const runs = [
          program.run({}, options),
          program.run({}, { ...options, signal: waiting.signal }),
          program.run({}, options),
        ];
        waiting.abort(new Error('enough'));
        const [first, stopped, third] = await Promise.allSettled(runs);
        expect([first!.status, stopped!.status, third!.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect((stopped as PromiseRejectedResult).reason).toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
        expect(numbers((await held.read()).count)).toEqual([2]);
      });

      it('too late is no stop at all', async () => {
        const program = await compile(counter);
        const controller = new AbortController();
        const held = await hold({ count: tensor(0), by: tensor(1) });
        await program.run({}, { held, updates: { next: 'count' }, signal: controller.signal });
        controller.abort();
        expect(numbers((await held.read()).count)).toEqual([1]);
      });

      it('a compilation', async () => {
        const ready = await executor();
        expect(await codeOf(ready.compile(affine, { signal: AbortSignal.abort() }))).toBe('aborted');
        const controller = new AbortController();
        const compiling = ready.compile(affine, { signal: controller.signal });
        controller.abort();
        expect(await codeOf(compiling)).toBe('aborted');
      });
    });

    describe('what ONNX Runtime says comes out as an error of ours', () => {
      it('for bytes that are no model', async () => {
        expect(await codeOf(compile(new Uint8Array(0)))).toBe('engine');
        expect(await codeOf(compile(Uint8Array.of(1, 2, 3, 4)))).toBe('engine');
        expect(await codeOf(compile('model.onnx' as unknown as Uint8Array))).toBe('bad-value');
      });

      it('for an operator that it does not have', async () => {
        const bytes = model({
          inputs: { x: ['float32', [1]] },
          outputs: { y: ['float32', [1]] },
          nodes: [['Frobnicate', ['x'], ['y']]],
        });
        expect(await messageOf(compile(bytes))).toMatch(/^ONNX Runtime failed while reading the model.*Frobnicate/);
      });
    });

    const dropsIf = trainsDropout ? it : () => {};
    dropsIf('dropout in training mode drops', async () => {
      const program = await compile(dropout);
      const x = new Tensor('float32', [1000], new Float32Array(1000).fill(1));
      const zeros = numbers((await program.run({ x })).y).filter((v) => v === 0).length;
      expect(zeros).toBeGreaterThan(350);
      expect(zeros).toBeLessThan(650);
    });

    it('every optimisation level gives the same', async () => {
      for (const optimization of ['disabled', 'basic', 'extended', 'all'] as const) {
        const program = await (await executor()).compile(affine, { optimization });
        expect(numbers((await program.run({ x: tensor([[1, 2]]), a: tensor(2), b: tensor([3, 4]) })).y)).toEqual([5, 8]);
        await program.release();
      }
    });

    describe('releasing', () => {
      const released = 'released';

      it('a program: after the runs that were called before, and as often as one likes', async () => {
        const program = await compile(counter);
        const feeds = { count: tensor(1), by: tensor(1) };
        const runs = [program.run(feeds), program.run(feeds)];
        await Promise.all([program.release(), program.release()]);
        expect((await Promise.all(runs)).map(({ next }) => numbers(next))).toEqual([[2], [2]]);
        await program.release();
        expect(await codeOf(program.run(feeds))).toBe(released);
      });

      it('held tensors', async () => {
        const program = await compile(counter);
        const held = await hold({ count: tensor(0), by: tensor(1) });
        const run = program.run({}, { held, updates: { next: 'count' } });
        await Promise.all([held.release(), held.release()]);
        expect(numbers((await run).seen)).toEqual([0]);
        expect(await codeOf(held.read())).toBe(released);
        expect(await codeOf(held.write({ by: tensor(2) }))).toBe(released);
        expect(await codeOf(program.run({}, { held }))).toBe(released);
        expect(numbers((await program.run({ count: tensor(1), by: tensor(1) })).next)).toEqual([2]);
      });

      it('an executor', async () => {
        const own = await make();
        const program = await own.compile(counter);
        const run = program.run({ count: tensor(1), by: tensor(1) });
        await Promise.all([own.release(), own.release()]);
        expect(numbers((await run).next)).toEqual([2]);
        expect(await codeOf(program.run({ count: tensor(1), by: tensor(1) }))).toBe(released);
        expect(await codeOf(own.compile(counter))).toBe(released);
        expect(await codeOf(own.hold({ a: tensor(1) }))).toBe(released);
        await program.release();
      });
    });

    it('tensors held elsewhere are refused', async () => {
      const program = await compile(counter);
      const stranger = { names: ['count', 'by'], read: async () => ({}), write: async () => {}, release: async () => {} };
      expect(await codeOf(program.run({}, { held: stranger }))).toBe('bad-value');
    });

    it('large tensors arrive whole', async () => {
      const n = 6_000_000; // 24 MB: copied in pieces
      const data: TypedArray = new Float32Array(n).map((_, i) => i % 1000);
      const program = await compile(echo('float32', ['n']));
      const held = await hold({ x: new Tensor('float32', [n], data) });
      for (const run of [() => program.run({ x: new Tensor('float32', [n], data) }), () => program.run({}, { held })]) {
        const got = (await run()).y!.data as Float32Array;
        expect(got.length).toBe(n);
        expect(Buffer.compare(Buffer.from(got.buffer, got.byteOffset, got.byteLength), Buffer.from(data.buffer))).toBe(0);
      }
      await held.release();
    });
  });
}
