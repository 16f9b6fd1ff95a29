import type { GrpcOptions, GrpcServer } from './grpc/index.ts';
import type { DataPlane } from './serve/index.ts';

/** Options of servers that may serve gRPC as well. */
export interface GrpcPortOptions {
  /** Serves gRPC as well, on this port; 0 picks a free one. With `tls` encrypted like HTTP. Not unless told. */
  readonly grpcPort?: number | undefined;
}

/** Where a server is reached over gRPC. */
export interface GrpcPlace {
  /** From this machine: '127.0.0.1:8001', if it serves that. */
  readonly grpc?: string;
  readonly grpcPort?: number;
}

/** The port of gRPC, where there is to be one. Its libraries are loaded then, not before. Errors: `port-in-use`, `cannot-listen`. */
export async function openGrpcPort(
  plane: DataPlane,
  { grpcPort: port, ...options }: GrpcPortOptions & Omit<GrpcOptions, 'port'>,
): Promise<GrpcServer | undefined> {
  if (port === undefined) return undefined;
  const { serveGrpc } = await import('./grpc/index.ts');
  return await serveGrpc(plane, { ...options, port });
}

/** What is said of it. */
export const placeOf = (grpc: GrpcServer | undefined): GrpcPlace => (grpc ? { grpc: grpc.address, grpcPort: grpc.port } : {});
