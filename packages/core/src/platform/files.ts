// The types of what `#files` gives in every environment: runtime/node/files.ts or runtime/web/files.ts.
import type { Files } from '../runtime/files.ts';

export declare const files: Files;
