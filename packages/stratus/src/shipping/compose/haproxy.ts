import { paths, ports } from '../shipment.ts';

/** As many servers as the balancer has places for; `docker compose up --scale model=N` up to here. */
const most = 16;

/** A balancer before any number of servers: it asks each whether it is ready, and sends nothing to one that is about to end. */
export const haproxyConfig = (): string => `# Before the servers of the model: HTTP at ${ports.http}, gRPC at ${ports.grpc}.
global
  maxconn 4000

defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 30s
  # A server that takes no connection, or ends before it says anything: another one is asked.
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response
  # Asked for by the balancer itself, where servers need no key for it.
  option httpchk GET ${paths.ready}
  default-server check inter 1s fall 1 rise 1

resolvers docker
  nameserver dns 127.0.0.11:53
  hold valid 1s
  hold nx 1s

frontend http
  bind :${ports.http}
  # But not where asking twice would change something.
  http-request disable-l7-retry unless METH_GET or { path_end /infer /predict /invocations /score :predict :classify :regress }
  default_backend models

backend models
  balance leastconn
  server-template model 1-${most} model:${ports.http} resolvers docker init-addr none

frontend grpc
  bind :${ports.grpc} proto h2
  default_backend models-grpc

backend models-grpc
  balance leastconn
  # Whether it is ready is asked over HTTP, as above.
  server-template model 1-${most} model:${ports.grpc} proto h2 check-proto h1 port ${ports.http} resolvers docker init-addr none
`;
