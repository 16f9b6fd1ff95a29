import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { duration } from '../progress/index.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor } from './output.ts';

interface DataProfileOptions {
  readonly target?: string;
  readonly html?: string;
  readonly header: boolean;
  readonly json?: boolean;
}

/** `stratus data profile` */
export function addDataProfile(parent: Command): void {
  const command = parent
    .command('profile')
    .summary('say what is in a file')
    .description(
      'Says what is in a file: kinds, missing values, distributions, classes, and what is worth a look before training.',
    )
    .argument('<file>', 'CSV, TSV, Parquet or JSON Lines; several by a pattern in quotes')
    .option('--target <column>', 'the column that is to be predicted')
    .option('--html <file>', 'write a page with plots')
    .option('--no-header', 'the first line of a CSV or TSV file is data: columns are called column0, column1, …')
    .addOption(jsonOption())
    .action((file: string, options: DataProfileOptions) => profileFile(file, options));
  withExamples(
    command,
    'stratus data profile houses.csv --target price',
    'stratus data profile houses.csv --html houses.html',
    "stratus data profile 'trips/*.parquet' --json",
  );
}

async function profileFile(path: string, { target, html, header, ...options }: DataProfileOptions): Promise<void> {
  const output = outputFor(options);
  const { recordsOf } = await import('./data.ts');
  const records = await recordsOf(path, { header });
  const { fail } = await import('@stratus/core');
  const { profile } = await import('../report/index.ts');
  const began = performance.now();
  const found = await profile(records, { target, title: basename(path) });
  const seconds = (performance.now() - began) / 1000;
  output.data(found);
  output.print(found.toText({ colors: output.colors.isColorSupported, width: process.stdout.columns ?? 100 }));
  output.note(`read in ${duration(seconds)}`);
  if (html === undefined) return;
  await writeFile(html, found.toHtml()).catch((e: Error) => {
    throw fail('file-failed', { file: html, doing: 'Writing', reason: e.message }, e);
  });
  output.note(`the page is ${html}`);
}
