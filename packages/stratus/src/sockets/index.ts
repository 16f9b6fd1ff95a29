export { type Certificates, openCertificates, type TlsFiles } from './certificates.ts';
export { type Followed, followFiles } from './followed-files.ts';
export { type Fetch, type HttpServer, type HttpServerOptions, httpServer } from './http-server.ts';
