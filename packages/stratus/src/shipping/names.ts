import { fail } from '@stratus/core';

/** A name as Kubernetes, Compose and images of containers take it: lower case, letters, digits and '-', at most 40. */
export const plainName = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^[^a-z]+|-+$/g, '') || 'model';

/** A text as YAML takes it, whatever is in it. */
export const quoted = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');

/** Lists of texts on one line, as Dockerfiles and YAML take them. */
export const list = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`;

const image =
  /^(?<repository>(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*):(?<tag>\w[\w.-]{0,127})$/;

/** The parts of an image's name. Errors: `bad-value`. */
export function imageParts(name: string): { readonly repository: string; readonly tag: string } {
  const { repository, tag } = image.exec(name)?.groups ?? {};
  if (repository !== undefined && tag !== undefined) return { repository, tag };
  throw fail('bad-value', {
    what: 'the name of the image',
    got: JSON.stringify(name).slice(0, 200),
    want: 'a name in lower case and a tag, registry.example.org/digits:1',
  });
}
