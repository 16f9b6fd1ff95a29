import { type Command, Option } from 'commander';
import type { Role, TokenInfo } from '../store/index.ts';
import { duration } from './duration.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor, table } from './output.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface Flags extends WorkspaceFlags {
  readonly json?: boolean;
}

interface CreateFlags extends Flags {
  readonly role: Role;
  readonly allProjects?: boolean;
  readonly expires?: number;
}

/** `stratus tokens` */
export function addTokens(program: Command): void {
  const tokens = program
    .command('tokens')
    .summary('who may ask a server')
    .description('Tokens: who may ask `stratus serve`, and what.');

  const create = withWorkspace(tokens.command('create'))
    .description('Makes a token and prints its secret, which is shown once and kept nowhere.')
    .argument('<name>', 'who or what will use it; it stands in histories')
    .addOption(
      new Option('--role <role>', 'viewer looks, trainer writes runs and versions, deployer moves aliases, admin gives tokens')
        .choices(['viewer', 'trainer', 'deployer', 'admin'])
        .default('viewer'),
    )
    .option('--all-projects', 'for all projects, with --role admin')
    .option('--expires <time>', 'for so long, 12h or 30d (default: for ever)', duration)
    .addOption(jsonOption())
    .action(createToken);
  withExamples(
    create,
    'stratus tokens create nightly --role trainer --expires 90d',
    'stratus tokens create ann --role admin --all-projects',
  );

  withWorkspace(tokens.command('ls'))
    .description('Lists the tokens of the project.')
    .option('--all', 'of all projects')
    .addOption(jsonOption())
    .action(listTokens);

  withWorkspace(tokens.command('revoke'))
    .description('Ends a token at once and for good.')
    .argument('<key>', 'its key, as `stratus tokens ls` shows it')
    .addOption(jsonOption())
    .action(revokeToken);
}

async function createToken(name: string, { role, allProjects = false, expires, ...flags }: CreateFlags): Promise<void> {
  const output = outputFor(flags);
  const { secret, info } = await inWorkspace(flags, ({ store }) =>
    store.tokens.create({ name, role, allProjects, ...(expires !== undefined && { expiresAt: new Date(Date.now() + expires) }) }),
  );
  output.data({ type: 'token', secret, ...info });
  output.print(secret);
  output.note(`${describe(info)} Keep it: it is not shown again. Programs find it in STRATUS_TOKEN.`);
}

const describe = ({ name, role, project, expiresAt }: TokenInfo): string =>
  `The token of ${name}, ${role} of ${project === undefined ? 'all projects' : `the project ${project}`}${expiresAt ? `, until ${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC` : ''}.`;

async function listTokens({ all = false, ...flags }: Flags & { readonly all?: boolean }): Promise<void> {
  const output = outputFor(flags);
  const { tokens, project } = await inWorkspace(flags, async ({ store }) => ({
    tokens: await store.tokens.list({ all }),
    project: store.project,
  }));
  output.data({ type: 'tokens', tokens });
  if (tokens.length === 0)
    return output.print(`The project ${project} has no tokens.${all ? '' : ' --all shows those of all projects.'}`);
  const { bold, dim } = output.colors;
  const now = new Date();
  const rows = tokens.map((token) => {
    const cells = [
      token.key,
      token.name,
      token.role,
      token.project ?? '(all)',
      date(token.createdAt),
      stateOf(token, now),
      token.usedAt ? date(token.usedAt) : 'never',
    ];
    return isOver(token, now) ? cells.map(dim) : cells;
  });
  output.print(table([['key', 'name', 'role', 'project', 'made', 'counts', 'last used'].map(bold), ...rows]));
}

const date = (at: Date): string => at.toISOString().slice(0, 16).replace('T', ' ');
const isOver = ({ revokedAt, expiresAt }: TokenInfo, now: Date): boolean =>
  revokedAt !== undefined || (expiresAt !== undefined && expiresAt <= now);

function stateOf({ revokedAt, expiresAt }: TokenInfo, now: Date): string {
  if (revokedAt) return `revoked ${date(revokedAt)}`;
  if (!expiresAt) return 'for ever';
  return `${expiresAt <= now ? 'expired' : 'until'} ${date(expiresAt)}`;
}

async function revokeToken(key: string, flags: Flags): Promise<void> {
  const output = outputFor(flags);
  const info = await inWorkspace(flags, ({ store }) => store.tokens.revoke(key, { all: true })); // who has the store has all of it
  output.data({ type: 'revoked', ...info });
  output.print(`Revoked ${info.key}: ${describe(info)}`);
}
