import { isMainThread } from 'node:worker_threads';
import { type Koffi, loadForGood } from './capi/load-for-good.ts';

const variable = 'ORT_DISABLE_TELEMETRY';

/**
 * Keeps ONNX Runtime from telling Microsoft of sessions, models and errors, as it does from 1.29 on unless this variable says otherwise; it keeps what it could
 * not send in a database in the user's home, which takes memory and time as well. Has to be called before the library is loaded. True where it shall be silent:
 * who has set the variable is heard, whatever it says. In a worker thread the variables are copies, and only C changes those of the process.
 * Source: https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md
 */
export function silenceTelemetry(koffi?: Koffi): boolean {
  const said = process.env[variable];
  if (said !== undefined) return said !== '' && said !== '0';
  process.env[variable] = '1';
  if (!isMainThread && koffi && process.platform !== 'win32')
    loadForGood(koffi, null).func('int setenv(const char*, const char*, int)')(variable, '1', 0);
  return true;
}
