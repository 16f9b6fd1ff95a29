// A process as on another machine: with a clock of its own (the Debian package faketime), its own name, and no sight of the processes here (namespaces of Linux).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The library that shifts clocks; undefined where it is not installed. */
const faketime = ((): string | undefined => {
  const lib = '/usr/lib';
  const folders = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name, 'faketime')) : [];
  return folders.map((folder) => join(folder, 'libfaketime.so.1')).find((file) => existsSync(file));
})();

const apart = ['--pid', '--fork', '--mount-proc', '--kill-child', '--uts'];

/** Whether there can be other machines here. */
export const hasOtherMachines =
  faketime !== undefined && spawnSync('unshare', [...apart, 'true'], { stdio: 'ignore' }).status === 0;

/** A command there. `clock`: '+5h', '-3h'. Whoever kills it kills the machine. */
export function onOtherMachine(
  { name, clock }: { readonly name: string; readonly clock: string },
  command: readonly string[],
): { readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const args = [...apart, 'sh', '-c', 'hostname "$0" && exec "$@"', name, ...command];
  // Only what people call the time: timers go on as they would.
  return { command: 'unshare', args, env: { LD_PRELOAD: faketime!, FAKETIME: clock, FAKETIME_DONT_FAKE_MONOTONIC: '1' } };
}
