import { version } from '@stratus/core';
import type { z } from 'zod';
import { metCodes } from './problem.ts';
import type { AnyRoute } from './route.ts';
import { groups } from './routes/index.ts';

const escaped = (value: unknown): string => String(value).replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** The names of an object's fields, those that may be left out with a question mark. */
function fieldsOf(schema: z.ZodType | undefined): string {
  const shape = (schema as { readonly shape?: Readonly<Record<string, z.ZodType>> } | undefined)?.shape;
  if (shape === undefined) return '';
  return Object.entries(shape)
    .map(([name, field]) => `<code>${escaped(name)}${['optional', 'default'].includes(field.def.type) ? '?' : ''}</code>`)
    .join(' ');
}

const row = ({ id, method, path, about, role, query, body, answer, takes, gives }: AnyRoute): string => {
  const takesWhat = [fieldsOf(query) && `query ${fieldsOf(query)}`, fieldsOf(body), takes && escaped(takes)]
    .filter(Boolean)
    .join('<br>');
  return `<tr id="${escaped(id)}"><td><code><b>${method.toUpperCase()}</b> ${escaped(path)}</code><br>${escaped(about)}</td>
<td>${escaped(role)}</td><td>${takesWhat || '–'}</td><td>${fieldsOf(answer) || escaped(gives ?? '–')}</td></tr>`;
};

/** The routes as a page for people. It has no scripts. */
export function apiPage(): string {
  const sections = Object.entries(groups).map(
    ([name, routes]) => `<h2 id="${name}">${name}</h2><div class="wide"><table>
<tr><th>below /api/v1</th><th>role</th><th>takes</th><th>answers</th></tr>${routes.map(row).join('\n')}</table></div>`,
  );
  const codes = metCodes.map(([code, status]) => `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td></tr>`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Stratus API</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td,th{padding:.4rem .8rem .4rem 0;border-bottom:1px solid #8884;text-align:left;vertical-align:top}
td:first-child{width:45%}code{font-size:.9em}pre{overflow-x:auto;padding:1rem;border:1px solid #8888;border-radius:.5rem}.wide{overflow-x:auto}h2{margin-top:2.5rem;text-transform:capitalize}
</style>
<h1>Stratus ${escaped(version)}</h1>
<p>Everything below is described for programs in <a href="/api/openapi.json">/api/openapi.json</a> (OpenAPI 3.1).
In TypeScript, <code>import { connect } from 'stratus/client'</code> has types for all of it.</p>
<pre>curl -H 'authorization: Bearer st_…' http://HOST/api/v1/projects/default/runs</pre>
<p>${Object.keys(groups)
    .map((name) => `<a href="#${name}">${name}</a>`)
    .join(' · ')} · <a href="#errors">errors</a></p>
${sections.join('\n')}
<h2 id="errors">Errors</h2>
<p>Every error is a problem detail (RFC 9457): <code>code</code> is for programs, <code>detail</code> says what is wrong and how to mend it, <code>requestId</code> stands in the server's log too.</p>
<table><tr><th>code</th><th>status</th></tr>${codes.join('')}<tr id="internal"><td><code>internal</code></td><td>500</td></tr></table>
</html>
`;
}
