/** What a process is stopped with, and the exit code that says so. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type StopSignal = keyof typeof exitCodes;

/** 128 plus the signal's number. */
export const exitCodeOf = (signal: StopSignal): number => exitCodes[signal];

/** A terminal sends Ctrl-C to npm as well as to what it runs, and npm passes it on: what comes so soon is no second one. */
const echoMs = 500;

/** Saved, to go on later: 'run me again', as batch systems and clouds understand it (EX_TEMPFAIL of sysexits.h). */
export const preemptedCode = 75;

/** The exit code of a training: whoever places jobs tells it to make room by two signals. */
export const trainingExitCodeOf = (signal: StopSignal | PreemptSignal): number =>
  signal === 'SIGTERM' || signal === 'SIGUSR1' ? preemptedCode : exitCodes[signal];

/** How whoever places jobs says that it needs the machine. */
export type PreemptSignal = 'SIGTERM' | 'SIGUSR1';

const signals = Object.keys(exitCodes) as StopSignal[];

/** Calls `stop` at the first Ctrl-C, SIGTERM or SIGHUP, or what else is named, but not at `not`; a second one ends the process at once. */
export function onStopSignal(stop: (signal: StopSignal) => void): void;
export function onStopSignal(
  stop: (signal: StopSignal | PreemptSignal) => void,
  more: readonly PreemptSignal[],
  not?: StopSignal,
): void;
export function onStopSignal(stop: (signal: never) => void, more: readonly PreemptSignal[] = [], not?: StopSignal): void {
  let firstAt: number | undefined;
  for (const signal of new Set([...signals.filter((one) => one !== not), ...more])) {
    process.on(signal, () => {
      const now = performance.now();
      if (firstAt === undefined) {
        firstAt = now;
        stop(signal as never);
      } else if (now - firstAt > echoMs) process.exit(signal === 'SIGUSR1' ? preemptedCode : exitCodes[signal]);
    });
  }
}
