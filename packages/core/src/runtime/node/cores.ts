import { readFileSync } from 'node:fs';
import { arch, availableParallelism, platform } from 'node:os';

/** True when every physical core shows up as two processors. */
function twoThreadsPerCore(): boolean {
  if (platform() === 'linux') {
    try {
      return readFileSync('/sys/devices/system/cpu/smt/active', 'utf8').trim() === '1';
    } catch {
      return false;
    }
  }
  // Apple's and other ARM processors have one thread per core; for the rest nothing better is known without native code.
  return arch() === 'x64';
}

/** Physical cores that this process may use, at most 16: more threads than that seldom make one run faster. */
export function defaultThreads(): number {
  const processors = availableParallelism();
  return Math.max(1, Math.min(16, twoThreadsPerCore() ? Math.floor(processors / 2) : processors));
}
