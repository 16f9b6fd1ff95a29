#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { colorsFor } from '../progress/index.ts';
import { addClient } from './client.ts';
import { addDataSets } from './data-sets.ts';
import { addDeploy } from './deploy.ts';
import { addDoctor } from './doctor.ts';
import { addEvaluate } from './evaluate.ts';
import { report } from './failure.ts';
import { addInit } from './init.ts';
import { addJobs } from './jobs.ts';
import { addKeys } from './keys.ts';
import { addModels } from './models.ts';
import { addMonitor } from './monitor.ts';
import { withExamples } from './options.ts';
import { addPackage } from './package.ts';
import { addPredict } from './predict.ts';
import { addProfile } from './profile.ts';
import { addRuns } from './runs.ts';
import { addServe } from './serve.ts';
import { addSweep } from './sweep.ts';
import { addTokens } from './tokens.ts';
import { addTraffic } from './traffic.ts';
import { addTrain } from './train.ts';
import { version } from './version.ts';

// Commands load the library when they run: help and slips of the pen are answered at once.

const program = withExamples(
  new Command('stratus')
    .description('Deep learning in TypeScript, from training to production.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ styleTitle: (text) => colorsFor(process.stdout).bold(text) })
    .configureOutput({
      // Its own decoration of terminals is off: one rule for colours, NO_COLOR and pipes.
      getOutHasColors: () => colorsFor(process.stdout).isColorSupported,
      getErrHasColors: () => colorsFor(process.stderr).isColorSupported,
      outputError: (text, write) => write(text.replace(/^error:/, () => colorsFor(process.stderr).red('error:'))),
    })
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride(),
  'stratus init digits && cd digits && npm install',
  'stratus train train.ts',
  'stratus deploy model.onnx --port 8080',
);

for (const add of [
  addInit,
  addTrain,
  addSweep,
  addProfile,
  addEvaluate,
  addPredict,
  addRuns,
  addModels,
  addDeploy,
  addPackage,
  addServe,
  addTraffic,
  addClient,
  addMonitor,
  addJobs,
  addTokens,
  addKeys,
  addDataSets,
  addDoctor,
])
  add(program);

// Whoever reads the output may leave before the work is done; that is no reason to stop it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const json = process.argv.includes('--json');

// Not awaited: a script that never ends by itself is no mistake of this file.
program.parseAsync().catch((e: unknown) => {
  if (!(e instanceof CommanderError)) {
    process.exitCode = report(e, { json });
    return;
  }
  process.exitCode = e.exitCode === 0 ? 0 : 2;
  if (json && e.exitCode !== 0) process.stdout.write(`${JSON.stringify({ type: 'error', code: 'usage', message: e.message })}\n`);
});
