import { type Command, Option } from 'commander';
import type { Key } from '../keys/index.ts';
import { duration } from './duration.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor, quoted, table } from './output.ts';

interface Flags {
  readonly keys: string;
  readonly json?: boolean;
}

interface CreateFlags extends Flags {
  readonly model?: readonly string[];
  readonly manage?: boolean;
  readonly rate?: number;
  readonly expires?: number;
}

const fileOption = (): Option => new Option('--keys <file>', 'where the keys are').default('keys.json');

/** `stratus keys` */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('who may ask a deployed model')
    .description(
      'Keys: who may ask `stratus deploy --keys FILE`, and what. A running server sees changes of the file within a second.',
    );

  const create = keys
    .command('create')
    .description('Makes a key and prints its secret, which is shown once: the file has only its hash.')
    .argument('<name>', 'who or what will use it')
    .addOption(fileOption())
    .option('--model <name...>', 'the models that it may ask (default: all)')
    .option('--manage', 'it may also load, unload and switch models')
    .option('--rate <n>', 'so many requests a minute (default: as many as it likes)', wholeNumber(1, 1e9))
    .option('--expires <time>', 'for so long, 12h or 30d (default: for ever)', duration)
    .addOption(jsonOption())
    .action(make);
  withExamples(create, 'stratus keys create web', 'stratus keys create partner --model digits --rate 600 --expires 90d');

  keys.command('ls').description('Lists the keys of a file.').addOption(fileOption()).addOption(jsonOption()).action(list);

  keys
    .command('revoke')
    .description('Ends a key for good.')
    .argument('<id>', 'its id, as `stratus keys ls` shows it')
    .addOption(fileOption())
    .addOption(jsonOption())
    .action(revoke);
}

const shown = ({ sha256: _, ...key }: Key) => key;

async function make(name: string, { keys, model, manage, rate, expires, ...flags }: CreateFlags): Promise<void> {
  const { createKey, readKeys } = await import('../keys/index.ts');
  const output = outputFor(flags);
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires);
  const { secret, key } = await createKey(keys, { name, models: model, manage, perMinute: rate, expiresAt });
  const others = (await readKeys(keys)).filter((other) => other.name === name && other.id !== key.id && counts(other));
  output.data({ type: 'key', secret, ...shown(key) });
  output.print(secret);
  output.note(
    `The key of ${name}, ${key.id} in ${keys}. Keep it: it is not shown again. Send it as 'Authorization: Bearer …' or 'X-API-Key: …'; \`stratus monitor\` and \`stratus client\` take it from STRATUS_KEY.`,
  );
  if (others.length > 0)
    output.note(
      `${name} has other keys that count: ${others.map(({ id }) => id).join(', ')}. Once nobody uses one any more: stratus keys revoke ID${keys === 'keys.json' ? '' : ` --keys ${quoted(keys)}`}`,
    );
}

const counts = ({ revokedAt, expiresAt }: Key): boolean =>
  revokedAt === undefined && (expiresAt === undefined || Date.parse(expiresAt) > Date.now());

const date = (text: string): string => text.slice(0, 16).replace('T', ' ');

function stateOf({ revokedAt, expiresAt }: Key): string {
  if (revokedAt !== undefined) return `revoked ${date(revokedAt)}`;
  if (expiresAt === undefined) return 'for ever';
  return `${Date.parse(expiresAt) <= Date.now() ? 'expired' : 'until'} ${date(expiresAt)}`;
}

async function list({ keys: file, ...flags }: Flags): Promise<void> {
  const { readKeys } = await import('../keys/index.ts');
  const output = outputFor(flags);
  const keys = await readKeys(file);
  output.data({ type: 'keys', keys: keys.map(shown) });
  if (keys.length === 0) return output.print(`${file} has no keys.`);
  const { bold, dim } = output.colors;
  const rows = keys.map((key) => {
    const cells = [
      key.id,
      key.name,
      key.models?.join(' ') ?? '(all)',
      key.manage ? 'yes' : 'no',
      key.perMinute === undefined ? '-' : String(key.perMinute),
      date(key.createdAt),
      stateOf(key),
    ];
    return /^(revoked|expired)/.test(cells[6]!) ? cells.map(dim) : cells;
  });
  const head = ['id', 'name', 'models', 'may manage', 'a minute', 'made', 'counts'].map(bold);
  output.print(table([head, ...rows], ['left', 'left', 'left', 'left', 'right']));
}

async function revoke(id: string, { keys, ...flags }: Flags): Promise<void> {
  const { revokeKey } = await import('../keys/index.ts');
  const output = outputFor(flags);
  const key = await revokeKey(keys, id);
  output.data({ type: 'revoked', ...shown(key) });
  output.print(`Revoked ${key.id}, the key of ${key.name}.`);
}
