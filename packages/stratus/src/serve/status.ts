import type { ErrorCode } from '@stratus/core';

/** The HTTP status of each error. A new code does not compile until it has one. */
export const statusOf = {
  // What the client can mend.
  'bad-request': 400,
  'bad-value': 400,
  'shape-mismatch': 400,
  'dtype-mismatch': 400,
  'unknown-name': 400,
  'label-range': 400,
  'index-range': 400,
  usage: 400,
  'model-not-found': 404,
  conflict: 409,
  'too-large': 413,
  // What passes.
  busy: 503,
  released: 503,
  aborted: 503,
  // What the client cannot mend.
  engine: 500,
  'bad-graph': 500,
  'no-gradient': 500,
  'unsupported-ops': 500,
  'not-onnx': 500,
  corrupt: 500,
  'no-manifest': 500,
  'not-compiled': 500,
  'not-finite': 500,
  'no-checkpoint': 500,
  'checkpoint-mismatch': 500,
  'file-not-found': 500,
  'file-failed': 500,
  'no-files': 500,
  'data-not-found': 500,
  'database-failed': 500,
  'storage-failed': 500,
  'store-too-new': 500,
  'port-in-use': 500,
  'cannot-listen': 500,
  'no-device': 500,
} as const satisfies Record<ErrorCode, number>;
