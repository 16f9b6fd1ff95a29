import { digits } from './digits.ts';
import { image } from './image.ts';
import { tabular } from './tabular.ts';
import type { Template } from './template.ts';
import { text } from './text.ts';

/** What `stratus init --template` knows; the first is what it writes unless told. */
export const templates: Readonly<Record<string, Template>> = { digits, tabular, image, text };
