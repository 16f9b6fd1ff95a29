import { paths } from './shipment.ts';

/** When Kubernetes takes a server for started, ready and alive. `port`: its name or number; `startSeconds`: so long it may take to load; `indent`: how far the lines are in. */
export function probes({
  port,
  startSeconds,
  indent,
}: {
  readonly port: string | number;
  readonly startSeconds: string | number;
  readonly indent: number;
}): string {
  const probe = (name: string, path: string, [period, timeout, failures]: readonly (string | number)[]): string[] => [
    `${name}:`,
    `  httpGet: { path: ${path}, port: ${port} }`,
    `  periodSeconds: ${period}`,
    `  timeoutSeconds: ${timeout}`,
    `  failureThreshold: ${failures}`,
  ];
  return [
    ...probe('startupProbe', paths.ready, [1, 3, startSeconds]),
    ...probe('readinessProbe', paths.ready, [5, 3, 2]),
    ...probe('livenessProbe', paths.live, [10, 5, 6]),
  ].join(`\n${' '.repeat(indent)}`);
}
