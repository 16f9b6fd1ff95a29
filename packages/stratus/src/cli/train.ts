import type { Callback } from '@stratus/core';
import { type Command, Option } from 'commander';
import { duration, jsonProgress, terminalProgress } from '../progress/index.ts';
import { checkpointFolders } from './checkpoint-folders.ts';
import { explain, report } from './failure.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { commandName, outputFor, quoted } from './output.ts';
import { runScript, scriptPath } from './run-script.ts';
import { onStopSignal, type PreemptSignal, preemptedCode, type StopSignal, trainingExitCodeOf } from './stop.ts';
import { trainRecording } from './train-recording.ts';
import { withWorkspace } from './workspace.ts';

interface TrainOptions {
  readonly epochs?: number;
  readonly checkpoint: string;
  readonly device?: 'cpu' | 'webgpu';
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly run: boolean;
  readonly store?: string;
  readonly blobs?: string;
  readonly project?: string;
}

/** `stratus train` */
export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .summary('run a training script')
    .description(
      'Runs a training script, TypeScript as it is. Shows progress, writes a checkpoint after every epoch, and stops at Ctrl-C\nafter the current step, with a checkpoint to go on from. So it does at SIGTERM and SIGUSR1, with exit code 75: run me\nagain, with --resume.',
    )
    .argument('<script>', 'the script: a .ts, .mts, .js or .mjs file')
    .argument('[args...]', 'what the script finds in process.argv, after --')
    .option('--epochs <n>', 'train so many epochs, whatever the script says', wholeNumber(1))
    .option('--checkpoint <folder>', 'where checkpoints go', 'checkpoints')
    .addOption(new Option('--device <name>', 'where to train, unless the script says').choices(['cpu', 'webgpu']))
    .option('--resume', 'go on from the latest checkpoint')
    .option('--quiet', 'show no progress')
    .option('--no-run', 'record nothing: training leaves no run in the store')
    .addOption(jsonOption())
    .action((script: string, args: string[], options: TrainOptions) => train(script, args, options));
  withWorkspace(command);
  withExamples(
    command,
    'stratus train train.ts',
    'stratus train train.ts --epochs 20 --checkpoint runs/a',
    'stratus train train.ts --resume',
    'stratus train train.ts --device webgpu',
    'stratus train train.ts -- --data photos',
  );
}

/** What is said of a failure, as it is reported. */
function explained(error: unknown): string {
  const { message, at } = explain(error);
  return [message, ...at.map((place) => `  at ${place}`)].join('\n');
}

async function train(script: string, args: readonly string[], options: TrainOptions): Promise<void> {
  const { executor, StratusError, trainingDefaults } = await import('@stratus/core');
  const path = await scriptPath(script, 'stratus train');
  if (options.device !== undefined) await executor({ device: options.device }); // the one that everything shares is made here

  const output = outputFor(options);
  const { json = false, resume = false, quiet = false } = options;
  const note = quiet ? () => {} : output.note;
  const writeOut = process.stdout.write.bind(process.stdout);
  // What the script prints is for people: standard output belongs to the lines of JSON.
  if (json) process.stdout.write = process.stderr.write.bind(process.stderr);
  const event = (value: Readonly<Record<string, unknown>>): void => void (json && writeOut(`${JSON.stringify(value)}\n`));

  const stop = new AbortController();
  const folders = checkpointFolders(options.checkpoint, { resume, note });
  let [running, fits] = [0, 0];
  const watch = (): Callback => ({
    onTrainBegin() {
      running++;
      fits++;
    },
    onTrainEnd() {
      running--;
    },
  });
  Object.assign(trainingDefaults(), {
    signal: stop.signal,
    progress: json ? () => jsonProgress({ stream: { write: writeOut } }) : quiet ? () => ({}) : () => terminalProgress(),
    watch,
    checkpoint: () => folders.next(),
    resume,
    epochs: options.epochs,
  });

  const recording = await trainRecording(path, options, {
    note,
    warn: (text) => void process.stderr.write(`${text}\n`),
    begun: (key) => event({ type: 'run', key }),
  });

  const began = performance.now();
  let stopped: StopSignal | PreemptSignal | undefined;
  let isOver = false;
  const leave = (code: number): void => {
    // What was written to a pipe must be out before the process is.
    writeOut('', () => process.stderr.write('', () => process.exit(code)));
  };
  const end = (failure?: { readonly error: unknown }): void => {
    if (isOver) return;
    isOver = true;
    void ended(failure);
  };
  const ended = async (failure: { readonly error: unknown } | undefined): Promise<void> => {
    const error = failure?.error;
    if (stopped !== undefined && (!failure || isStop(error))) {
      const code = trainingExitCodeOf(stopped);
      await recording?.end(code === preemptedCode ? 'preempted' : 'stopped');
      recording?.look();
      const resumable = running > 0 || fits > 0;
      const command = [commandName(), 'train', quoted(script)];
      if (options.epochs !== undefined) command.push('--epochs', String(options.epochs));
      if (options.checkpoint !== 'checkpoints') command.push('--checkpoint', quoted(options.checkpoint));
      if (options.device !== undefined) command.push('--device', options.device);
      command.push('--resume', ...(args.length > 0 ? ['--', ...args.map(quoted)] : []));
      if (!json) process.stderr.write(resumable ? `Stopped. Resume with: ${command.join(' ')}\n` : 'Stopped.\n');
      event({ type: 'stopped', signal: stopped, ...(resumable && { resume: command.join(' ') }) });
      leave(code);
    } else if (failure) {
      await recording?.end('failed', explained(error));
      recording?.look();
      if (json) process.stdout.write = writeOut;
      leave(report(error, { json }));
    } else {
      const seconds = (performance.now() - began) / 1000;
      await recording?.end('finished');
      if (fits === 0) note('No training took place: the script never called fit().');
      else note(`Done in ${duration(seconds)}.${folders.used > 0 ? ` Checkpoints: ${options.checkpoint}` : ''}`);
      recording?.look();
      event({ type: 'done', seconds: Number(seconds.toFixed(3)) });
    }
  };
  const isStop = (error: unknown): boolean =>
    (StratusError.is(error) && error.code === 'aborted') || (error as Error | undefined)?.name === 'AbortError';

  onStopSignal(
    (signal) => {
      stopped = signal;
      if (running === 0) return end(); // nothing to be saved
      note('Stopping after this step. Ctrl-C again quits at once.');
      stop.abort();
    },
    ['SIGUSR1'],
  );
  await runScript(path, { script, args, end, isStopped: () => stopped !== undefined });
}
