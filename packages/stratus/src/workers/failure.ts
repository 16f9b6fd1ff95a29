import { type ErrorCode, StratusError } from '@stratus/core';

/** An error on its way to another process. */
export interface Failure {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** What details hold that another process could not be sent, it does without. */
const sendable = (value: unknown): boolean => {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
};

/** What is sent of an error. */
export function failureOf(e: unknown): Failure {
  const { code = 'internal', details = {}, message = String(e) } = e as Partial<Failure>;
  return { code, details: Object.fromEntries(Object.entries(details).filter(([, value]) => sendable(value))), message };
}

/** What was sent, as an error again: one of ours where it was one there. */
export const thrown = ({ code, details, message }: Failure): Error =>
  code === 'internal' ? new Error(message) : new StratusError(code as ErrorCode, details, message);
