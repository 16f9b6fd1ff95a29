export { type GrpcOptions, type GrpcServer, serveGrpc } from './server.ts';
