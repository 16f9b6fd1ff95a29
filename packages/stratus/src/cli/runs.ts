import { type Command, Option } from 'commander';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { condition, metricName, pair, several, sorting, states } from './runs-query.ts';
import { withWorkspace } from './workspace.ts';

/** `stratus runs`. What a command does is loaded when it is called: help is answered at once. */
export function addRuns(program: Command): void {
  const runs = program
    .command('runs')
    .summary('look at trainings: list, show, compare, logs, rm')
    .description(
      'Trainings that were recorded: what they were made with, what they found, what they printed.\nA key may be shortened as long as it is clear.',
    );
  for (const add of [addLs, addShow, addCompare, addLogs, addRm, addRecover]) withWorkspace(add(runs).addOption(jsonOption()));
  withExamples(
    runs,
    "stratus runs ls --where 'valLoss<0.3' --sort valAccuracy:max",
    'stratus runs show k3f',
    'stratus runs compare k3f 9xw --plot curves.svg',
    'stratus runs logs k3f -f',
  );
}

const addLs = (runs: Command): Command =>
  withExamples(
    runs
      .command('ls')
      .summary('list runs')
      .description('Lists runs, the newest first. Runs within another one are indented.')
      .addOption(new Option('--status <status...>', 'only those').choices(states))
      .option('--tag <name=value>', 'only those with this tag; may be repeated', several(pair))
      .option('--param <name=value>', 'only those with this parameter; may be repeated', several(pair))
      .option(
        '--where <condition>',
        "only those, such as 'valLoss<0.3' or 'accuracy:max>=0.9'; may be repeated",
        several(condition),
      )
      .option('--parent <key>', 'only those within this run')
      .option('--top', 'only those that are within no other one')
      .option('--sort <by>', 'created, name, param:NAME, or a metric such as valLoss:min (last, min, max)', sorting)
      .option('--reverse', 'the other way round')
      .option('--limit <n>', 'so many at most', wholeNumber(1), 20)
      .option('--csv <file>', 'write them to a file, with all parameters and metrics')
      .action(async (options) => (await import('./runs-ls.ts')).list(options)),
    'stratus runs ls',
    "stratus runs ls --status finished --where 'valLoss:min<0.3' --sort valAccuracy:max",
    'stratus runs ls --tag team=vision --limit 100 --csv runs.csv',
  );

const addShow = (runs: Command): Command =>
  withExamples(
    runs
      .command('show')
      .summary('show all that is known of a run')
      .description('Shows a run: parameters, code, data, environment, metrics with their curves, files.')
      .argument('<key>', 'the key, or the beginning of it')
      .option('--metric <name>', 'draw this metric; may be repeated', several(String))
      .option('--log', 'draw on a logarithmic scale')
      .option('--plot <file>', 'draw into a file: .svg or .png')
      .option('--dark', 'a picture on a dark page')
      .option('--csv <file>', 'write all points of its metrics to a file')
      .action(async (key, options) => (await import('./runs-show.ts')).show(key, options)),
    'stratus runs show k3f',
    'stratus runs show k3f --metric step/loss --log',
    'stratus runs show k3f --csv points.csv --plot curves.png',
  );

const addCompare = (runs: Command): Command =>
  withExamples(
    runs
      .command('compare')
      .summary('compare runs: parameters, metrics, curves')
      .description('Shows parameters and metrics of runs side by side; what differs is marked with *.')
      .argument('<keys...>', 'two keys or more')
      .option('--metric <name>', 'draw this metric; may be repeated', several(String))
      .option('--of <part>', 'which value of a metric is shown: last, min or max', (text) => metricName(`x:${text}`).of, 'last')
      .option('--differences', 'leave out what is the same everywhere')
      .option('--log', 'draw on a logarithmic scale')
      .option('--plot <file>', 'draw into a file: .svg or .png')
      .option('--dark', 'a picture on a dark page')
      .option('--csv <file>', 'write the table to a file')
      .action(async (keys, options) => (await import('./runs-compare.ts')).compare(keys, options)),
    'stratus runs compare k3f 9xw',
    'stratus runs compare k3f 9xw x2a --metric valLoss --plot curves.svg',
  );

const addLogs = (runs: Command): Command =>
  withExamples(
    runs
      .command('logs')
      .summary('show what a run printed')
      .description('Prints what the script of a run printed: of more than two million characters, the beginning and the end.')
      .argument('<key>', 'the key, or the beginning of it')
      .option('-f, --follow', 'wait for more until the run ends')
      .action(async (key, options) => (await import('./runs-logs.ts')).logs(key, options)),
    'stratus runs logs k3f -f',
  );

const addRm = (runs: Command): Command =>
  withExamples(
    runs
      .command('rm')
      .summary('remove runs')
      .description('Removes runs with their metrics and logs. One that a version of a model came from stays.')
      .argument('<keys...>', 'keys, or the beginnings of them')
      .option('-y, --yes', 'do not ask')
      .option('--with-parts', 'also the runs within them')
      .action(async (keys, options) => (await import('./runs-rm.ts')).remove(keys, options)),
    'stratus runs rm k3f -y',
  );

const addRecover = (runs: Command): Command =>
  withExamples(
    runs
      .command('recover')
      .summary('store what a training could not store')
      .description('Stores what a training left in a file while its store did not answer. What was stored before counts once.')
      .argument('<file>', 'the file that the training named')
      .action(async (file, options) => (await import('./runs-recover.ts')).recoverFile(file, options)),
    'stratus runs recover checkpoints/run-k3fxw29abcde.jsonl',
  );
