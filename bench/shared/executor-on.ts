import { createExecutor, type Executor } from '@stratus/core';

/**
 * An executor with so many threads, on the device that was asked for, if any. That it is really there is checked: a library that
 * does not know of devices would else be measured on another one.
 */
export async function executorOn(device: string | undefined, threads?: number): Promise<Executor> {
  const options = { ...(threads !== undefined && { threads }), ...(device !== undefined && { device }) };
  const executor = await createExecutor(options as Parameters<typeof createExecutor>[0]);
  if (device !== undefined && executor.device !== device) {
    const got = executor.device;
    await executor.release();
    throw new Error(
      `--device ${device}: createExecutor({ device: '${device}' }) computes on '${got}'; it has no such device here.`,
    );
  }
  return executor;
}

/** The same for a program of bench/peers: where there is no such executor, it answers with the reason, as to a question, and ends. */
export async function executorOrEnd(device: string | undefined, threads?: number): Promise<Executor> {
  try {
    return await executorOn(device, threads);
  } catch (e) {
    const line = `${JSON.stringify({ error: e instanceof Error ? e.message : String(e) })}\n`;
    await new Promise<void>((resolve) => process.stdout.write(line, () => resolve()));
    process.exit(1);
  }
}
