export { type GrpcDoor, type GrpcOptions, type GrpcServer, type GrpcServing, grpcDoor, serveGrpc } from './server.ts';
