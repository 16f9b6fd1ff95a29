/** What a process is stopped with, and the exit code that says so. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type StopSignal = keyof typeof exitCodes;

/** 128 plus the signal's number. */
export const exitCodeOf = (signal: StopSignal): number => exitCodes[signal];

/** A terminal sends Ctrl-C to npm as well as to what it runs, and npm passes it on: what comes so soon is no second one. */
const echoMs = 500;

/** Calls `stop` at the first Ctrl-C, SIGTERM or SIGHUP; a second one ends the process at once. */
export function onStopSignal(stop: (signal: StopSignal) => void): void {
  let firstAt: number | undefined;
  for (const signal of Object.keys(exitCodes) as StopSignal[]) {
    process.on(signal, () => {
      const now = performance.now();
      if (firstAt === undefined) {
        firstAt = now;
        stop(signal);
      } else if (now - firstAt > echoMs) process.exit(exitCodes[signal]);
    });
  }
}
