import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { StepProfile } from '@stratus/core';
import { type Command, InvalidArgumentError } from 'commander';
import { report } from './failure.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { type Output, outputFor } from './output.ts';
import { runScript, scriptPath } from './run-script.ts';
import { exitCodeOf, onStopSignal } from './stop.ts';

interface ProfileOptions {
  readonly steps: number;
  readonly out: string;
  readonly batch: number;
  readonly size: Readonly<Record<string, number>>;
  readonly json?: boolean;
}

/** `stratus profile` */
export function addProfile(program: Command): void {
  const command = program
    .command('profile')
    .summary('say where the time of a training or a model goes')
    .description(
      'Runs a training script until some steps of its first training have been looked into, and says where their time goes: by\nlayer and op, and in what is no kernel. Then it ends: nothing is saved, no checkpoint is written.\nOf a model, an ONNX file, it is inference that is looked into; it is fed zeros.\nWrites a page with a flame chart, and a time line for Chrome and Perfetto.',
    )
    .argument('<file>', 'the script, a .ts, .mts, .js or .mjs file; or the model, an .onnx file')
    .argument('[args...]', 'what the script finds in process.argv, after --')
    .option('--steps <n>', 'steps, or inferences, that are looked into', wholeNumber(1), 20)
    .option('--out <name>', 'what the files are called, before .html and .json', 'profile')
    .option('--batch <n>', 'samples of an inference', wholeNumber(1), 1)
    .option('--size <axis=n>', 'the size of another axis that a model leaves open; may be repeated', axisSize, {})
    .addOption(jsonOption())
    .action((file: string, args: string[], options: ProfileOptions) =>
      /\.onnx$/i.test(file) ? inference(file, options) : training(file, args, options),
    );
  withExamples(
    command,
    'stratus profile train.ts',
    'stratus profile train.ts --steps 50 --out runs/wide',
    'stratus profile train.ts --json -- --units 512',
    'stratus profile model.onnx --batch 64',
  );
}

/** Reads 'time=128', besides those that were given before. */
function axisSize(text: string, before: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const [, axis, size] = /^(.+)=(\d+)$/.exec(text) ?? [];
  if (axis === undefined || Number(size) < 1)
    throw new InvalidArgumentError('It must be the name of an axis and its size, such as time=128.');
  return { ...before, [axis]: Number(size) };
}

async function inference(file: string, { steps, batch, size, ...options }: ProfileOptions): Promise<void> {
  const { files, profileModel } = await import('@stratus/core');
  const output = outputFor(options);
  const found = await profileModel(await files.read(file), { steps, batchSize: batch, sizes: size });
  await show(found, { title: basename(file), out: options.out, output });
}

async function training(script: string, args: readonly string[], options: ProfileOptions): Promise<void> {
  const { fail, trainingDefaults } = await import('@stratus/core');
  const path = await scriptPath(script, 'stratus profile');
  const json = options.json ?? false;
  const writeOut = process.stdout.write.bind(process.stdout);
  // What the script prints is not the answer.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const leave = (code: number): void => {
    // What was written to a pipe must be out before the process is.
    writeOut('', () => process.stderr.write('', () => process.exit(code)));
  };
  let isOver = false;
  const end = ({ error }: { readonly error?: unknown } = {}): void => {
    if (isOver) return;
    isOver = true;
    process.stdout.write = writeOut;
    leave(error === undefined ? 0 : report(error, { json }));
  };
  const output = outputFor(options);
  output.note(`Looking into ${options.steps} ${options.steps === 1 ? 'step' : 'steps'} of the first training.`);
  Object.assign(trainingDefaults(), {
    progress: () => ({}),
    profile: {
      steps: options.steps,
      async found(found: StepProfile) {
        if (isOver) return;
        process.stdout.write = writeOut;
        try {
          await show(found, { title: basename(script), out: options.out, output });
          end();
        } catch (error) {
          end({ error });
        }
        await new Promise(() => {}); // the script goes no further
      },
    },
  });
  onStopSignal((signal) => process.exit(exitCodeOf(signal)));
  const nothing = () =>
    fail('bad-value', {
      what: script,
      got: 'a script that has not trained',
      want: 'a call of fit() that takes a step',
      fix: 'Only fit() is profiled: trainOnBatch() is not.',
    });
  await runScript(path, {
    script,
    args,
    end: (failure) => end(failure ?? { error: nothing() }),
    isStopped: () => false,
  });
}

/** Prints the tables and writes the files. Errors: `file-failed`. */
async function show(
  found: StepProfile,
  { title, out, output }: { readonly title: string; readonly out: string; readonly output: Output },
): Promise<void> {
  const { fail } = await import('@stratus/core');
  const files = { html: `${out}.html`, trace: `${out}.json` };
  const write = async (file: string, text: string): Promise<void> => {
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    } catch (e) {
      throw fail('file-failed', { file, doing: 'Writing', reason: (e as Error).message }, e);
    }
  };
  await write(files.html, found.toHtml({ title }));
  await write(files.trace, JSON.stringify(found.toTrace()));
  output.data({ ...found.toJSON(), files });
  output.print(found.toText());
  output.note(`\nThe flame chart is ${files.html}; the time line, for chrome://tracing or ui.perfetto.dev, is ${files.trace}.`);
}
