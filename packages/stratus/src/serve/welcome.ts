import type { DataPlane } from './data-plane.ts';
import { datatypeOf } from './protocol.ts';
import type { Servable, ServablePort } from './servable.ts';

/** Examples with more numbers than this are fetched instead of shown. */
const mostShown = 32;

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A command that asks the model. */
export function curlExample(plane: DataPlane, { name, preprocessing }: Servable, origin: string): string {
  const path = `${origin}/v2/models/${encodeURIComponent(name)}`;
  if (preprocessing) return `curl -s ${quoted(`${path}/predict`)} -d ${quoted(JSON.stringify(preprocessing.example))}`;
  const example = plane.example(name);
  const small = example.inputs.every(({ data }) => data!.length <= mostShown);
  return small
    ? `curl -s ${quoted(`${path}/infer`)} -d ${quoted(JSON.stringify(example))}`
    : `curl -s ${quoted(`${path}/example`)} | curl -s ${quoted(`${path}/infer`)} -d @-`;
}

const describePort = ({ name, dtype, dims, anyRank, unit }: ServablePort) => ({
  name,
  datatype: datatypeOf(dtype),
  shape: anyRank ? 'any' : dims,
  ...(unit !== undefined && { unit }),
});

/** What can be called here. */
export function welcome(plane: DataPlane, origin: string, paths: readonly string[]) {
  return {
    ...plane.serverMetadata(),
    protocol: 'Open Inference Protocol v2 over HTTP and JSON',
    models: plane.models().map((name) => {
      const servable = plane.repository.loaded(name)?.servable;
      if (!servable) return { name, inputs: [], outputs: [], try: `curl -s ${origin}/v2/models/${encodeURIComponent(name)}` }; // loaded when it is asked
      return {
        name,
        inputs: servable.inputs.map(describePort),
        outputs: servable.outputs.map((port) => ({
          ...describePort(port),
          ...(servable.labels[port.name] && { labels: servable.labels[port.name] }),
        })),
        try: curlExample(plane, servable, origin),
      };
    }),
    paths,
  };
}

const escaped = (value: unknown): string => String(value).replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** The same as a page for people. */
export function welcomePage(plane: DataPlane, origin: string, paths: readonly string[]): string {
  const { models, name, version } = welcome(plane, origin, paths);
  const ports = (list: (typeof models)[number]['inputs'] | (typeof models)[number]['outputs']) =>
    list
      .map((port) => {
        const shape = typeof port.shape === 'string' ? port.shape : `[${port.shape.join(', ')}]`;
        const more = [port.unit, 'labels' in port && port.labels ? port.labels.join(', ') : undefined].filter(
          (text) => text !== undefined,
        );
        return `<li><code>${escaped(port.name)}</code> ${escaped(port.datatype)} ${escaped(shape)}${more.length > 0 ? ` — ${escaped(more.join('; '))}` : ''}</li>`;
      })
      .join('');
  const sections = models.map(
    (model) => `<h2>${escaped(model.name)}</h2>
<p>Takes</p><ul>${ports(model.inputs)}</ul>
<p>Gives</p><ul>${ports(model.outputs)}</ul>
<p>Try it:</p><pre>${escaped(model.try)}</pre>`,
  );
  const links = paths.map(
    (path) => `<li>${/^\/[a-z0-9/]+$/.test(path) ? `<a href="${path}"><code>${path}</code></a>` : `<code>${path}</code>`}</li>`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(name)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}pre{overflow-x:auto;padding:1rem;border:1px solid #8888;border-radius:.5rem}</style>
<h1>${escaped(name)} ${escaped(version)}</h1>
<p>Models that answer the Open Inference Protocol v2 over HTTP and JSON.</p>
${sections.join('\n')}
<h2>Paths</h2><ul>${links.join('')}</ul>
</html>
`;
}
