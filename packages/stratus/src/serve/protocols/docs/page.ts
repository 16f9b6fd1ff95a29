// The same as a page for people. It has no scripts.
import { version } from '@stratus/core';
import type { DataPlane } from '../../data-plane.ts';
import { datatypeOf } from '../../protocol.ts';
import type { DescribedPaths } from '../../route.ts';
import type { Servable, ServablePort } from '../../servable.ts';
import { curlExample } from '../../welcome.ts';
import { loadedModels } from './openapi.ts';

const escaped = (value: unknown): string => String(value).replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const portRow = ({ name, dtype, dims, anyRank, unit }: ServablePort, labels?: readonly string[]): string =>
  `<tr><td><code>${escaped(name)}</code></td><td>${escaped(datatypeOf(dtype))}</td><td>${anyRank ? 'any' : escaped(`[${dims.join(', ')}]`)}</td><td>${escaped([unit, labels?.slice(0, 20).join(', ')].filter(Boolean).join('; '))}</td></tr>`;

const ports = (title: string, rows: readonly string[]): string =>
  `<table><tr><th>${title}</th><th>datatype</th><th>shape</th><th></th></tr>${rows.join('')}</table>`;

function section(plane: DataPlane, servable: Servable, origin: string): string {
  const { name, version: its, inputs, outputs, labels, preprocessing } = servable;
  return `<h2 id="model-${escaped(encodeURIComponent(name))}">${escaped(name)} <small>version ${escaped(its)}</small></h2>
${ports(
  preprocessing ? 'field of a record' : 'input',
  inputs.map((port) => portRow(port)),
)}
${ports(
  'output',
  outputs.map((port) => portRow(port, Object.hasOwn(labels, port.name) ? labels[port.name] : undefined)),
)}
<pre>${escaped(curlExample(plane, servable, origin))}</pre>`;
}

/** A title for each protocol. */
const titles: Readonly<Record<string, string>> = {
  'oip-http': 'Open Inference Protocol v2',
  'tf-serving': 'TensorFlow Serving REST, KServe v1',
  invocations: 'SageMaker, MLflow',
  vertex: 'Vertex AI',
  azure: 'Azure ML',
  predict: 'Records',
  monitor: 'Monitoring',
};

/** What the models take and give, and all that can be called. */
export function docsPage(plane: DataPlane, protocols: readonly DescribedPaths[], origin: string): string {
  const models = loadedModels(plane).map((servable) => section(plane, servable, origin));
  // Parts of one protocol are one table, what asks models first.
  const names = [...new Set(protocols.filter(({ routes }) => routes.length > 0).map(({ name }) => name))];
  const tables = names
    .map((name) => ({
      name,
      routes: protocols
        .filter((one) => one.name === name)
        .toReversed()
        .flatMap(({ routes }) => routes),
    }))
    .map(({ name, routes }) => {
      const rows = routes.map(
        ({ method, path, about }) => `<tr><td><code><b>${method}</b> ${escaped(path)}</code></td><td>${escaped(about)}</td></tr>`,
      );
      return `<h3>${escaped(titles[name] ?? name)}</h3><div class="wide"><table>${rows.join('')}</table></div>`;
    });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Models served by Stratus</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884;text-align:left;vertical-align:top}
code{font-size:.9em}pre{overflow-x:auto;padding:1rem;border:1px solid #8888;border-radius:.5rem}.wide{overflow-x:auto}h2{margin-top:2.5rem}small{font-weight:normal}
</style>
<h1>Stratus ${escaped(version)}</h1>
<p>Everything below is described for programs in <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). In TypeScript, <code>stratus client ${escaped(origin)}</code> writes a typed client.</p>
${models.join('\n') || '<p>There is no model yet.</p>'}
<h2>Paths</h2>
${tables.join('\n')}
</html>
`;
}
