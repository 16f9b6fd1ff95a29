import { type Command, Option } from 'commander';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { withWorkspace } from './workspace.ts';

// Loaded when they run: help needs no library.
type Run = typeof import('./sweep-run.ts');
type Show = typeof import('./sweep-show.ts');

/** `stratus sweep` */
export function addSweep(program: Command): void {
  const sweep = program
    .command('sweep')
    .summary('search for the best parameters')
    .description(
      'Tries parameters of a space: by a grid, at random, or learning from what came out (TPE), and stops hopeless trials early.\nEvery trial is a run in the store; an interrupted sweep goes on with --resume.',
    );
  withExamples(
    sweep,
    'stratus sweep run sweep.ts train.ts --trials 50 --parallel 2',
    'stratus sweep show digits',
    'stratus sweep best digits --register digits',
  );

  const run = withWorkspace(
    sweep
      .command('run')
      .summary('run a sweep')
      .description(
        'Runs a training script again and again, each time with other parameters, which it reads with parameters({ … }).\nThe file of the sweep exports defineSweep({ space, metric, … }) as its default, or is the same as JSON.',
      )
      .argument('<sweep>', 'what to search for: a .ts, .js or .json file, or the JSON itself')
      .argument('<script>', 'the training script')
      .argument('[args...]', 'what the script finds in process.argv, after --')
      .option('--trials <n>', 'how many trials', wholeNumber(1))
      .option('--parallel <n>', 'so many at the same time, at most as many as there are cores', wholeNumber(1))
      .option('--seed <n>', 'the seed of the search', wholeNumber(0))
      .option('--name <text>', 'what the sweep is called')
      .option('--metric <name>', 'the metric that trials are compared by')
      .addOption(new Option('--goal <what>', 'whether it should be small or large').choices(['minimize', 'maximize']))
      .option('--search <name>', 'grid, random or tpe')
      .option('--scheduler <name>', 'asha, median or none')
      .option('--epochs <n>', 'train so many epochs, whatever the script says', wholeNumber(1))
      .option('--key <key>', 'the key of its run; where that is there, it goes on')
      .option('--resume [sweep]', 'go on with the newest sweep of this name, or with that one'),
  )
    .addOption(jsonOption())
    .action(async (...given: Parameters<Run['runSweep']>) => (await import('./sweep-run.ts')).runSweep(...given));
  withExamples(
    run,
    'stratus sweep run sweep.ts train.ts --trials 50 --parallel 2',
    'stratus sweep run sweep.json train.ts --search random',
    'stratus sweep run sweep.ts train.ts --resume',
  );

  withWorkspace(
    sweep
      .command('ls')
      .summary('list sweeps')
      .description('Lists the sweeps of a project, the newest first.')
      .option('--limit <n>', 'at most so many', wholeNumber(1), 20),
  )
    .addOption(jsonOption())
    .action(async (...given: Parameters<Show['showSweeps']>) => (await import('./sweep-show.ts')).showSweeps(...given));

  withWorkspace(
    sweep
      .command('show')
      .summary('show a sweep and its trials')
      .description('Shows a sweep and its trials, the best one first.')
      .argument('<sweep>', 'its name or key')
      .option('--limit <n>', 'at most so many trials', wholeNumber(1), 20)
      .addOption(new Option('--sort <by>', 'the order of trials').choices(['value', 'number']).default('value')),
  )
    .addOption(jsonOption())
    .action(async (...given: Parameters<Show['showSweep']>) => (await import('./sweep-show.ts')).showSweep(...given));

  withWorkspace(
    sweep
      .command('importance')
      .summary('say which parameters mattered')
      .description(
        'Says how much of the variance of the results each parameter explains: by itself, and together with others\n(fANOVA: a random forest of the finished trials).',
      )
      .argument('<sweep>', 'its name or key'),
  )
    .addOption(jsonOption())
    .action(async (...given: Parameters<Show['showImportance']>) => (await import('./sweep-show.ts')).showImportance(...given));

  withWorkspace(
    sweep
      .command('best')
      .summary('show or register the best trial')
      .description('Shows the parameters of the best trial, and puts its model into the registry.')
      .argument('<sweep>', 'its name or key')
      .option('--register <model>', 'register its model as the next version of this one')
      .option('--artifact <path>', 'which of its files is the model')
      .option('--notes <text>', 'what people should know of the version'),
  )
    .addOption(jsonOption())
    .action(async (...given: Parameters<Show['showBest']>) => (await import('./sweep-show.ts')).showBest(...given));
}
