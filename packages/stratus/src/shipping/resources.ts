/** What a server asks Kubernetes for, and how much memory it may take. `indent`: how far the lines are in. */
export const resources = (indent: number): string =>
  ['resources:', '  requests: { cpu: 500m, memory: 512Mi }', '  limits: { memory: 1Gi }'].join(`\n${' '.repeat(indent)}`);
