// Writes the rows of the ops' case tables where golden/ops.py reads them.
import { writeFileSync } from 'node:fs';
import { casesFile, encodeRows } from '../packages/core/test/support/golden-rows.ts';

writeFileSync(casesFile, encodeRows());
