import type { ErrorCode } from '@stratus/core';

/** The status codes of gRPC. Source: grpc/grpc, doc/statuscodes.md. */
export const grpcCodes = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The name of a status, as gRPC writes it: 'INVALID_ARGUMENT'. */
export const grpcNameOf = (status: number): string => {
  const [name = 'unknown'] = Object.entries(grpcCodes).find(([, code]) => code === status) ?? [];
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
};

/** The status of each error. A new code does not compile until it has one. */
export const grpcStatusOf = {
  // What the client can mend.
  'bad-request': grpcCodes.invalidArgument,
  'bad-value': grpcCodes.invalidArgument,
  'shape-mismatch': grpcCodes.invalidArgument,
  'dtype-mismatch': grpcCodes.invalidArgument,
  'unknown-name': grpcCodes.invalidArgument,
  'label-range': grpcCodes.invalidArgument,
  'index-range': grpcCodes.invalidArgument,
  usage: grpcCodes.invalidArgument,
  'not-authorized': grpcCodes.unauthenticated,
  forbidden: grpcCodes.permissionDenied,
  'model-not-found': grpcCodes.notFound,
  conflict: grpcCodes.failedPrecondition,
  'too-large': grpcCodes.resourceExhausted,
  // What passes.
  busy: grpcCodes.unavailable,
  'too-many-requests': grpcCodes.resourceExhausted,
  released: grpcCodes.unavailable,
  aborted: grpcCodes.cancelled,
  deadline: grpcCodes.deadlineExceeded,
  // What the client cannot mend.
  engine: grpcCodes.internal,
  'bad-graph': grpcCodes.internal,
  'no-gradient': grpcCodes.internal,
  'unsupported-ops': grpcCodes.internal,
  'not-onnx': grpcCodes.internal,
  corrupt: grpcCodes.internal,
  'no-manifest': grpcCodes.internal,
  'not-compiled': grpcCodes.internal,
  'not-finite': grpcCodes.internal,
  'no-checkpoint': grpcCodes.internal,
  'checkpoint-mismatch': grpcCodes.internal,
  'file-not-found': grpcCodes.internal,
  'file-failed': grpcCodes.internal,
  'no-files': grpcCodes.internal,
  'data-not-found': grpcCodes.internal,
  'database-failed': grpcCodes.internal,
  'storage-failed': grpcCodes.internal,
  'store-too-new': grpcCodes.internal,
  'port-in-use': grpcCodes.internal,
  'cannot-listen': grpcCodes.internal,
  'request-failed': grpcCodes.internal,
  'no-device': grpcCodes.internal,
} as const satisfies Record<ErrorCode, number>;
